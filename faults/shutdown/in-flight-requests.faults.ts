// Services that are told to stop while they are used: every request gets its whole answer.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Order } from "../../order-service/src/orders/order.ts";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { requestsInFlight } from "../support/requests-in-flight.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, startHeldUserService } from "../support/platform/fake-user-service.ts";
import { newOrder, newUser } from "../support/platform/platform.ts";
import { openConnection } from "../support/raw-connection.ts";
import { amount } from "../support/scale.ts";
import { clientsOf, stopUnderLoad } from "./shutdown-under-load.ts";
import { UserBook } from "../support/platform/user-book.ts";

const drainMs = 3000;
const answers = amount({ full: 2000, fast: 300 });

test("no request fails that is sent while a service is ready, and what it wrote stays", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const env = { SHUTDOWN_DRAIN_MS: String(drainMs) };
  const book = new UserBook();
  {
    await using running = await startExecutable("user-service", { cwd, env });
    const { beforeSignal, afterSignal } = await stopUnderLoad(running, {
      answers,
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
    console.log(`${beforeSignal} requests answered before SIGTERM, ${afterSignal} after it`);
  }
  await using restarted = await startExecutable("user-service", { cwd });
  await book.settle(fetchClient(restarted.url));
});

test("no request fails that is sent while order-service is ready, though user-service hangs", async () => {
  await using folder = await temporaryFolder();
  await using users = await startHeldUserService();
  await using running = await startExecutable("order-service", {
    cwd: folder.path,
    env: {
      SHUTDOWN_DRAIN_MS: String(drainMs),
      USER_SERVICE_URL: users.url,
      USER_SERVICE_TIMEOUT_MS: "200",
    },
  });
  const userId = Bun.randomUUIDv7();
  const { beforeSignal, afterSignal } = await stopUnderLoad(running, {
    answers,
    async work(send) {
      for (let n = 0; n < 4; n += 1)
        bodyOfStatus(await send("GET", `/orders?user_id=${userId}`), 200);
      bodyOfStatus(await send("POST", "/orders", { json: newOrder(userId, 0) }), 503);
    },
  });
  expect(afterSignal).toBeGreaterThan(0);
  expect(users.calls).toBeGreaterThan(0);
  const late = await fetchClient(running.url)("GET", "/orders");
  expect(bodyOfStatus(late, 200)).toEqual([]);
  expect(await running.exited).toBe(0);
  console.log(`${beforeSignal} requests answered before SIGTERM, ${afterSignal} after it`);
});

test("writes that wait for a lock when the signal comes are made and answered", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const count = 24;
  {
    await using running = await startExecutable("user-service", { cwd });
    const lock = new Database(join(cwd, "data/user_service.db"));
    lock.run("BEGIN IMMEDIATE");
    const replies = clientsOf(running, count).map((send, n) =>
      send("POST", "/users", { json: newUser(n) }),
    );
    await requestsInFlight(running, count);
    running.kill("SIGTERM");
    await running.logged("draining");
    lock.run("ROLLBACK");
    lock.close();
    for (const reply of await Promise.all(replies)) bodyOfStatus(reply, 201);
    expect(await running.exited).toBe(0);
  }
  await using restarted = await startExecutable("user-service", { cwd });
  const stored = bodyOfStatus(await fetchClient(restarted.url)("GET", "/users"), 200);
  expect(stored).toHaveLength(count);
});

test("orders that wait for user-service when the signal comes are placed and answered", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const count = 24;
  const userId = Bun.randomUUIDv7();
  await using users = await startHeldUserService();
  // Long enough for no machine to be too slow.
  const env = { USER_SERVICE_URL: users.url, USER_SERVICE_TIMEOUT_MS: "30000" };
  {
    await using running = await startExecutable("order-service", { cwd, env });
    const replies = clientsOf(running, count).map((send, n) =>
      send("POST", "/orders", {
        json: newOrder(userId, n),
        headers: { "idempotency-key": `key-${n}` },
      }),
    );
    await requestsInFlight(running, count);
    running.kill("SIGTERM");
    await running.logged("draining");
    users.release();
    for (const reply of await Promise.all(replies)) bodyOfStatus(reply, 201);
    expect(await running.exited).toBe(0);
  }
  await using restarted = await startExecutable("order-service", { cwd, env });
  const stored = bodyOfStatus(await fetchClient(restarted.url)("GET", "/orders"), 200);
  expect(stored).toHaveLength(count);
});

test("an answer that is read slowly is whole, though the service is told to stop amid it", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await using users = await startFakeUpstream(healthy);
  const env = { USER_SERVICE_URL: users.url };
  await using running = await startExecutable("order-service", { cwd, env });
  // As large as a page can be: a hundred orders of a hundred long articles.
  const sku = "🦉".repeat(50);
  const items = Array.from({ length: 100 }, () => ({ sku, quantity: 1, unit_price: 1 }));
  const send = fetchClient(running.url);
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      bodyOfStatus(
        await send("POST", "/orders", { json: { user_id: Bun.randomUUIDv7(), items } }),
        201,
      );
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
