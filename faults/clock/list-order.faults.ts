// The clock jumps while clients place orders: GET /orders stays sorted, and no page skips an order.
import { expect, test } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import type { LogLine } from "../../shared/testing/log-lines.ts";
import { bodyOfStatus, fetchClient, listAll, type Send } from "../support/clients.ts";
import { createUser, newOrder, type Order } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import { clockOffsetsMs, dayMs } from "./jumps.ts";
import { startOrderClients } from "./order-clients.ts";

const ordersPerJump = amount({ full: 1500, fast: 150 });

/** Expects a list of exactly the placed orders, each once, sorted by id and by time. */
function expectList(listed: readonly Order[], placed: readonly Order[]): void {
  const ids = listed.map(({ id }) => id);
  expect(ids).toEqual(placed.map(({ id }) => id).toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  const times = listed.map(({ created_at }) => created_at);
  expect(times).toEqual(times.toSorted());
}

test("GET /orders lists each order once, oldest first, while the clock jumps", async () => {
  await using shim = await startShim();
  await using platform = await startPlatform({ orders: shim.env });
  const { users, orders } = platform;
  const userId = await createUser(users);
  const clients = startOrderClients(orders.url, userId);
  const send: Send = fetchClient(orders.url);
  for (const clockOffsetMs of clockOffsetsMs) {
    await clients.more(ordersPerJump / 2);
    const placedBefore = clients.placed.map(({ id }) => id);
    const firstPage = await send("GET", "/orders?limit=50");
    shim.set({ clockOffsetMs });
    await clients.more(ordersPerJump / 2);
    // The client reads the first page before the jump, and the other pages after it.
    const [, nextPage = ""] = /^<([^>]+)>/.exec(firstPage.headers.get("link") ?? "") ?? [];
    const seen = [
      ...(bodyOfStatus(firstPage, 200) as Order[]),
      ...(await listAll<Order>(send, nextPage)),
    ];
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(placedBefore.filter((id) => !ids.includes(id))).toEqual([]);
  }
  await clients.stop();
  expectList(await listAll<Order>(send, "/orders?limit=97"), clients.placed);
  const newestFirst = await listAll<Order>(send, "/orders?limit=97&sort=-created_at");
  expectList(newestFirst.toReversed(), clients.placed);
  const filtered = `/orders?limit=97&status=pending&user_id=${userId}`;
  expectList(await listAll<Order>(send, filtered), clients.placed);
  const dayOffset = ({ time }: LogLine) =>
    Math.round((Date.parse(String(time)) - Date.now()) / dayMs);
  expect(new Set(orders.lines.map(dayOffset))).toEqual(new Set([0, -1, 1]));
  console.log(`${clients.placed.length} orders over ${clockOffsetsMs.length} jumps`);
});

test("GET /orders stays sorted when the service restarts with its clock a day back or ahead", async () => {
  await using shim = await startShim();
  await using platform = await startPlatform({ orders: shim.env });
  const { users, folder: cwd } = platform;
  const userId = await createUser(users);
  const placed: Order[] = [];
  let { orders } = platform;
  for (const clockOffsetMs of [0, -dayMs, dayMs, 0]) {
    orders.kill("SIGTERM");
    await orders.exited;
    shim.set({ clockOffsetMs });
    const env = { USER_SERVICE_URL: users.url, ...shim.env };
    orders = await startExecutable("order-service", { cwd, env });
    // Stops the process at the end of the round, even if an assertion fails.
    await using _ = orders;
    const send = fetchClient(orders.url);
    for (let n = 0; n < 20; n += 1) {
      const response = await send("POST", "/orders", { json: newOrder(userId, n) });
      placed.push(bodyOfStatus(response, 201) as Order);
    }
    expectList(await listAll<Order>(send, "/orders?limit=7"), placed);
  }
});

test("GET /orders lists each order once for two replicas whose clocks differ by an hour", async () => {
  await using shimAhead = await startShim();
  shimAhead.set({ clockOffsetMs: 3_600_000 });
  await using platform = await startPlatform();
  const { users, orders, folder: cwd } = platform;
  const env = { USER_SERVICE_URL: users.url, ...shimAhead.env };
  await using replica = await startExecutable("order-service", { cwd, env });
  const userId = await createUser(users);
  const clients = startOrderClients(orders.url, userId);
  const replicaClients = startOrderClients(replica.url, userId);
  const send = fetchClient(orders.url);
  for (let n = 0; n < 5; n += 1) {
    await Promise.all([clients.more(50), replicaClients.more(50)]);
    const placedBefore = [...clients.placed, ...replicaClients.placed].map(({ id }) => id);
    const ids = (await listAll<Order>(send, "/orders?limit=50")).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(placedBefore.filter((id) => !ids.includes(id))).toEqual([]);
  }
  await Promise.all([clients.stop(), replicaClients.stop()]);
  for (const { url } of [orders, replica]) {
    const listed = await listAll<Order>(fetchClient(url), "/orders?limit=50");
    expectList(listed, [...clients.placed, ...replicaClients.placed]);
  }
});
