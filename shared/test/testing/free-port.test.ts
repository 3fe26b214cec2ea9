import { expect, test } from "bun:test";
import { freePort } from "../../testing/free-port.ts";

test("freePort() gives no port twice, and none that the kernel gives to others", () => {
  const ports = Array.from({ length: 50 }, () => freePort());
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test("freePort() passes over a port on which a process listens", () => {
  const next = freePort() + 1;
  using taken = new DisposableStack();
  try {
    taken.use(Bun.listen({ hostname: "127.0.0.1", port: next, socket: { data() {} } }));
  } catch {
    // Another process listens on it, which is as good.
  }
  expect(freePort()).not.toBe(next);
});

test("freePort(3) gives the first of three ports on which servers can listen", () => {
  const first = freePort(3);
  for (const port of [first, first + 1, first + 2]) {
    using listener = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    expect(listener.port).toBe(port);
  }
});
