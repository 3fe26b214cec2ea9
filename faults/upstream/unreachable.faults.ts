// user-service is not there, or as good as not there.
import { expect, test } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { userJson, healthy } from "../support/platform/fake-user-service.ts";
import { drip } from "../support/upstream-behaviours.ts";
import { fullPort } from "./full-accept-queue.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import {
  callsOf,
  expectReadable,
  expectRefusal,
  startOrders,
} from "./order-service-with-upstream.ts";

/** Has orders refused by a service that finds nobody at this address, and nothing stored. */
async function expectUnavailable(
  url: string,
  counted: "error" | "timeout" | "either",
): Promise<void> {
  await using orders = await startOrders(url);
  const refusals = [orders.place(1), orders.place(2, "key")].map((sent) =>
    expectRefusal(sent, 503),
  );
  await Promise.all([...refusals, expectReadable(orders, Promise.allSettled(refusals))]);
  const { error = 0, timeout = 0, ...others } = await callsOf(orders);
  expect(others).toEqual({});
  if (counted === "error") expect(timeout).toBe(0);
  if (counted === "timeout") expect(error).toBe(0);
  expect(error + timeout).toBeGreaterThan(2);
  expect(error + timeout).toBeLessThanOrEqual(6);
  expect(await orders.stored()).toEqual([]);
}

test.concurrent("a port that nobody listens on", async () => {
  const gone = await startFakeUpstream(healthy);
  await gone[Symbol.asyncDispose]();
  await expectUnavailable(gone.url, "error");
});

test.concurrent("a port whose queue is full, so that connecting takes for ever", async () => {
  using full = await fullPort();
  await expectUnavailable(`http://127.0.0.1:${full.port}`, "timeout");
});

test.concurrent("a name that nobody has", async () => {
  // Some resolvers say so at once, others say nothing for long.
  await expectUnavailable("http://user-service.invalid:8000", "either");
});

test.concurrent("TLS is wanted of a user-service that speaks none", async () => {
  await using upstream = await startFakeUpstream({
    onConnection: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  });
  await expectUnavailable(upstream.url.replace("http:", "https:"), "error");
  await using silent = await startFakeUpstream({});
  await expectUnavailable(silent.url.replace("http:", "https:"), "timeout");
});

test.concurrent("a user-service that is stopped in its tracks, and goes on later", async () => {
  await using folder = await temporaryFolder();
  await using users = await startExecutable("user-service", { cwd: folder.path });
  await using orders = await startOrders(users.url);
  await expectRefusal(orders.place(1), 400);
  users.kill("SIGSTOP");
  const refused = expectRefusal(orders.place(2), 503);
  await Promise.all([refused, expectReadable(orders, refused)]);
  users.kill("SIGCONT");
  await expectRefusal(orders.place(3), 400);
});

test.concurrent.each<[string, Behaviour]>([
  ["says nothing", {}],
  ["sends a byte a second", drip("", "HTTP/1.1 200 OK\r\n", 1000)],
  ["sends a byte a second of the user", drip("HTTP/1.1 200 OK\r\n\r\n", userJson, 1000)],
])("by default a caller waits 5 s at most for a user-service that %s", async (_, behaviour) => {
  await using upstream = await startFakeUpstream(behaviour);
  await using orders = await startOrders(upstream.url, {});
  const startedAt = performance.now();
  const refused = expectRefusal(orders.place(1), 503, 2000);
  await Promise.all([refused, expectReadable(orders, refused)]);
  expect(performance.now() - startedAt).toBeGreaterThan(2 * 2000);
  expect(await callsOf(orders)).toEqual({ timeout: upstream.calls });
  expect(await orders.stored()).toEqual([]);
});
