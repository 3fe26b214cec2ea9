// Services that shut down while clients use them: every request gets a complete response.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, startHeldUserService } from "../support/platform/fake-user-service.ts";
import { newOrder, newUser, type Order } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import { UserBook } from "../support/platform/user-book.ts";
import { openConnection } from "../support/raw-connection.ts";
import { requestsInFlight } from "../support/requests-in-flight.ts";
import { amount } from "../support/scale.ts";
import { clientsOf, shutDownUnderLoad } from "./shutdown-under-load.ts";

const drainMs = "3000";
const responses = amount({ full: 2000, fast: 300 });

test("user-service fails no request that is sent while it is ready, and keeps what was written", async () => {
  const book = new UserBook();
  await using running = await startService("user-service", { SHUTDOWN_DRAIN_MS: drainMs });
  const { beforeSignal, afterSignal } = await shutDownUnderLoad(running, {
    responses,
    work: (send) =>
      book.change(send, async (id, user) => {
        bodyOfStatus(await send("GET", `/users/${id}`), user === undefined ? 404 : 200);
      }),
  });
  expect(afterSignal).toBeGreaterThan(0);
  const late = await fetchClient(running.url)("GET", "/users");
  expect(late.status).toBe(200);
  expect(late.headers.get("connection")).toBe("close");
  expect(await running.exited).toBe(0);
  console.log(`${beforeSignal} responses before SIGTERM, ${afterSignal} after it`);
  await using restarted = await startExecutable("user-service", { cwd: running.folder });
  await book.settle(fetchClient(restarted.url));
});

test("order-service fails no request that is sent while it is ready, though user-service hangs", async () => {
  await using users = await startHeldUserService();
  await using running = await startService("order-service", {
    SHUTDOWN_DRAIN_MS: drainMs,
    USER_SERVICE_URL: users.url,
    USER_SERVICE_TIMEOUT_MS: "200",
  });
  const userId = Bun.randomUUIDv7();
  const { beforeSignal, afterSignal } = await shutDownUnderLoad(running, {
    responses,
    async work(send) {
      for (let n = 0; n < 4; n += 1) {
        bodyOfStatus(await send("GET", `/orders?user_id=${userId}`), 200);
      }
      bodyOfStatus(await send("POST", "/orders", { json: newOrder(userId, 0) }), 503);
    },
  });
  expect(afterSignal).toBeGreaterThan(0);
  expect(users.calls).toBeGreaterThan(0);
  const late = await fetchClient(running.url)("GET", "/orders");
  expect(bodyOfStatus(late, 200)).toEqual([]);
  expect(await running.exited).toBe(0);
  console.log(`${beforeSignal} responses before SIGTERM, ${afterSignal} after it`);
});

test("POST /users that waits for a database lock at SIGTERM is written and gets its response", async () => {
  const count = 24;
  await using running = await startService("user-service");
  const cwd = running.folder;
  const lock = new Database(join(cwd, "data/user_service.db"));
  lock.run("BEGIN IMMEDIATE");
  const sent = clientsOf(running, count).map((send, n) =>
    send("POST", "/users", { json: newUser(n) }),
  );
  await requestsInFlight(running, count);
  running.kill("SIGTERM");
  await running.logged("draining");
  lock.run("ROLLBACK");
  lock.close();
  for (const response of await Promise.all(sent)) bodyOfStatus(response, 201);
  expect(await running.exited).toBe(0);
  await using restarted = await startExecutable("user-service", { cwd });
  const stored = bodyOfStatus(await fetchClient(restarted.url)("GET", "/users"), 200);
  expect(stored).toHaveLength(count);
});

test("POST /orders that waits for user-service at SIGTERM is placed and gets its response", async () => {
  const count = 24;
  const userId = Bun.randomUUIDv7();
  await using users = await startHeldUserService();
  // Long enough for a slow machine.
  const env = { USER_SERVICE_URL: users.url, USER_SERVICE_TIMEOUT_MS: "30000" };
  await using running = await startService("order-service", env);
  const sent = clientsOf(running, count).map((send, n) =>
    send("POST", "/orders", {
      json: newOrder(userId, n),
      headers: { "idempotency-key": `key-${n}` },
    }),
  );
  await requestsInFlight(running, count);
  running.kill("SIGTERM");
  await running.logged("draining");
  users.release();
  for (const response of await Promise.all(sent)) bodyOfStatus(response, 201);
  expect(await running.exited).toBe(0);
  await using restarted = await startExecutable("order-service", { cwd: running.folder, env });
  const stored = bodyOfStatus(await fetchClient(restarted.url)("GET", "/orders"), 200);
  expect(stored).toHaveLength(count);
});

test("GET /orders arrives complete at a slow reader, though SIGTERM comes in the middle", async () => {
  await using users = await startFakeUpstream(healthy);
  await using running = await startService("order-service", { USER_SERVICE_URL: users.url });
  // The largest page: a hundred orders of a hundred items with long articles.
  const sku = "🦉".repeat(50);
  const items = Array.from({ length: 100 }, () => ({ sku, quantity: 1, unit_price: 1 }));
  const send = fetchClient(running.url);
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      const json = { user_id: Bun.randomUUIDv7(), items };
      bodyOfStatus(await send("POST", "/orders", { json }), 201);
    }),
  );
  using connection = await openConnection(running.port);
  connection.pause();
  await connection.write("GET /orders HTTP/1.1\r\nHost: a\r\n\r\n");
  while (!running.lines.some(({ method }) => method === "GET")) await Bun.sleep(1);
  running.kill("SIGTERM");
  await running.logged("draining");
  connection.resume();
  const { body } = await connection.response();
  expect(body.length).toBeGreaterThan(1_000_000);
  for (const order of JSON.parse(body.toString()) as Order[]) expect(order.items).toEqual(items);
  expect(await running.exited).toBe(0);
});
