// IDLE_TIMEOUT_SECONDS: how long idle connections are kept, and that no request at work is cut by it.
import { expect, test } from "bun:test";
import { listen } from "../../shared/src/http/server.ts";
import { startHeldUserService } from "../support/platform/fake-user-service.ts";
import { startService } from "../support/platform/services.ts";
import { newOrder } from "../support/platform/resources.ts";
import { openConnection } from "../support/raw-connection.ts";
import { requestBytes, sendingJson } from "../support/raw-request.ts";

const health = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

/** Gets a response on a new connection. @returns how long the service then keeps it, in seconds */
async function keptSeconds(port: number): Promise<number> {
  using connection = await openConnection(port);
  await connection.write(health);
  await connection.response();
  const startedAt = performance.now();
  expect(await connection.responses()).toEqual([]);
  return (performance.now() - startedAt) / 1000;
}

test.concurrent.each([1, 5])(
  "IDLE_TIMEOUT_SECONDS=%i: user-service keeps an idle connection for that time, and 8 s more at most",
  async (seconds) => {
    const env = { IDLE_TIMEOUT_SECONDS: String(seconds) };
    await using running = await startService("user-service", env);
    // Bun counts in ticks of 4 s: connections that begin at other times see other parts of a tick.
    const kept = Array.from({ length: 4 }, async (_, n) => {
      await Bun.sleep(n * 900);
      return keptSeconds(running.port);
    });
    for (const each of await Promise.all(kept)) {
      expect(each).toBeGreaterThanOrEqual(seconds);
      expect(each).toBeLessThan(seconds + 8.5);
    }
  },
  30_000,
);

test.concurrent("IDLE_TIMEOUT_SECONDS=1 cuts no request while order-service waits for user-service, a body or a reader", async () => {
  await using users = await startHeldUserService();
  await using running = await startService("order-service", {
    USER_SERVICE_URL: users.url,
    USER_SERVICE_TIMEOUT_MS: "60000",
    IDLE_TIMEOUT_SECONDS: "1",
  });
  const order = newOrder(Bun.randomUUIDv7(), 0);
  const bytes = requestBytes(sendingJson("POST", "/orders", JSON.stringify(order)));

  using waiting = await openConnection(running.port);
  await waiting.write(bytes);
  using sending = await openConnection(running.port);
  await sending.write(bytes.subarray(0, -10));
  await users.called();

  // An idle connection that begins after another one was closed for idleness outlasts every timeout
  // that began before it.
  await keptSeconds(running.port);
  await keptSeconds(running.port);

  users.release();
  await sending.write(bytes.subarray(-10));
  for (const connection of [waiting, sending]) {
    expect((await connection.response("POST")).status).toBe(201);
  }
}, 60_000);

test.concurrent("listen() with 1 s of idle time cuts no response that a client reads slowly, and keeps its connection no longer", async () => {
  // More than the kernel buffers for a connection, and so more than a service ever sends at once.
  const length = 16_000_000;
  using server = listen({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeoutSeconds: 1,
    fetch: ({ url }) =>
      Promise.resolve(new Response(url.endsWith("/long") ? "x".repeat(length) : "")),
    logger: console,
  });
  const port = server.port ?? 0;
  using reading = await openConnection(port);
  reading.pause();
  await reading.write("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  await keptSeconds(port);
  await keptSeconds(port);
  reading.resume();
  expect((await reading.response()).body).toHaveLength(length);
  const startedAt = performance.now();
  expect(await reading.responses()).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(9000);
}, 60_000);

test.concurrent("IDLE_TIMEOUT_SECONDS=255 keeps no connection whose first header is incomplete after 12 s", async () => {
  await using running = await startService("user-service", { IDLE_TIMEOUT_SECONDS: "255" });
  using connection = await openConnection(running.port);
  await connection.write("GET /users HTTP/1.1\r\nHost: a\r\nX-Half: ");
  const startedAt = performance.now();
  await connection.responses();
  expect(performance.now() - startedAt).toBeLessThan(13_000);
}, 30_000);
