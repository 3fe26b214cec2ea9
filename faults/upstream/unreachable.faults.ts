// user-service cannot be reached, or does not respond.
import { expect, test } from "bun:test";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { healthy, userJson } from "../support/platform/fake-user-service.ts";
import { startService } from "../support/platform/services.ts";
import { drip } from "../support/upstream-behaviours.ts";
import { listenWithFullQueue } from "./full-accept-queue.ts";
import {
  attemptCounts,
  expectReadable,
  expectRefusal,
  startOrderService,
} from "./order-service-with-upstream.ts";

/** Expects that an order-service with this URL of user-service refuses orders and stores nothing. */
async function expectUnavailable(
  url: string,
  counted: "error" | "timeout" | "either",
): Promise<void> {
  await using orders = await startOrderService(url);
  const refusals = [orders.place(1), orders.place(2, "key")].map((sent) =>
    expectRefusal(sent, 503),
  );
  await Promise.all([...refusals, expectReadable(orders, Promise.allSettled(refusals))]);
  const { error = 0, timeout = 0, ...others } = await attemptCounts(orders);
  expect(others).toEqual({});
  if (counted === "error") expect(timeout).toBe(0);
  if (counted === "timeout") expect(error).toBe(0);
  expect(error + timeout).toBeGreaterThan(2);
  expect(error + timeout).toBeLessThanOrEqual(6);
  expect(await orders.stored()).toEqual([]);
}

test.concurrent("POST /orders is refused if no process listens on user-service's port", async () => {
  const stopped = await startFakeUpstream(healthy);
  await stopped[Symbol.asyncDispose]();
  await expectUnavailable(stopped.url, "error");
});

test.concurrent("POST /orders is refused if connecting to user-service never ends", async () => {
  using full = await listenWithFullQueue();
  await expectUnavailable(`http://127.0.0.1:${full.port}`, "timeout");
});

test.concurrent("POST /orders is refused if user-service's host name does not exist", async () => {
  // Some resolvers report this at once, others let the attempt time out.
  await expectUnavailable("http://user-service.invalid:8000", "either");
});

test.concurrent("POST /orders is refused if user-service does not speak TLS", async () => {
  await using upstream = await startFakeUpstream({
    onConnection: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  });
  await expectUnavailable(upstream.url.replace("http:", "https:"), "error");
  await using silent = await startFakeUpstream({});
  await expectUnavailable(silent.url.replace("http:", "https:"), "timeout");
});

test.concurrent("POST /orders gets 503 only while user-service is frozen", async () => {
  await using users = await startService("user-service");
  await using orders = await startOrderService(users.url);
  await expectRefusal(orders.place(1), 400);
  users.kill("SIGSTOP");
  const refused = expectRefusal(orders.place(2), 503);
  await Promise.all([refused, expectReadable(orders, refused)]);
  users.kill("SIGCONT");
  await expectRefusal(orders.place(3), 400);
});

test.concurrent.each<[string, Behaviour]>([
  ["sends nothing", {}],
  ["sends a byte a second", drip("", "HTTP/1.1 200 OK\r\n", 1000)],
  ["sends a byte a second of the user", drip("HTTP/1.1 200 OK\r\n\r\n", userJson, 1000)],
])("POST /orders takes 5 s at most by default if user-service %s", async (_, behaviour) => {
  await using upstream = await startFakeUpstream(behaviour);
  await using orders = await startOrderService(upstream.url, {});
  const startedAt = performance.now();
  const refused = expectRefusal(orders.place(1), 503, 2000);
  await Promise.all([refused, expectReadable(orders, refused)]);
  expect(performance.now() - startedAt).toBeGreaterThan(2 * 2000);
  expect(await attemptCounts(orders)).toEqual({ timeout: upstream.calls });
  expect(await orders.stored()).toEqual([]);
});
