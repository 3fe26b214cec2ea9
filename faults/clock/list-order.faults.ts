// A clock that jumps while orders are placed: lists keep their order, and pages stay true.
import { expect, test } from "bun:test";
import type { Order } from "../../order-service/src/orders/order.ts";
import { startExecutable } from "../../shared/testing/executable.ts";
import type { LogLine } from "../../shared/testing/running-service.ts";
import { bodyOfStatus, fetchClient, listAll, type Send } from "../support/clients.ts";
import { placeOrders } from "./order-clients.ts";
import { createUser, newOrder, startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";

const dayMs = 86_400_000;
const jumps = [-dayMs, dayMs, 0, dayMs, -dayMs, 0];
const ordersPerJump = amount({ full: 1500, fast: 150 });

/** Holds a list against what is promised of its order, and against what was placed. */
function checkList(listed: readonly Order[], placed: readonly Order[]): void {
  const ids = listed.map(({ id }) => id);
  expect(ids).toEqual(placed.map(({ id }) => id).toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  const times = listed.map(({ created_at }) => created_at);
  expect(times).toEqual(times.toSorted());
}

test("orders are listed oldest first, each in one page, wherever the clock jumps", async () => {
  await using shim = await startShim();
  await using platform = await startPlatform({ orders: shim.env });
  const { users, orders } = platform;
  const userId = await createUser(users);
  const buyers = placeOrders(orders.url, userId);
  const send: Send = fetchClient(orders.url);
  for (const clockOffsetMs of jumps) {
    await buyers.more(ordersPerJump / 2);
    const before = new Set(buyers.placed.map(({ id }) => id));
    const first = await send("GET", "/orders?limit=50");
    shim.set({ clockOffsetMs });
    await buyers.more(ordersPerJump / 2);
    // A client that reads on where it was before the jump.
    const [, rest = ""] = /^<([^>]+)>/.exec(first.headers.get("link") ?? "") ?? [];
    const seen = [...(bodyOfStatus(first, 200) as Order[]), ...(await listAll<Order>(send, rest))];
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...before].filter((id) => !ids.includes(id))).toEqual([]);
  }
  await buyers.stop();
  checkList(await listAll<Order>(send, "/orders?limit=97"), buyers.placed);
  const mine = `/orders?limit=97&status=pending&user_id=${userId}`;
  checkList(await listAll<Order>(send, mine), buyers.placed);
  const days = ({ time }: LogLine) => Math.round((Date.parse(String(time)) - Date.now()) / dayMs);
  expect(new Set(orders.lines.map(days))).toEqual(new Set([0, -1, 1]));
  console.log(`${buyers.placed.length} orders over ${jumps.length} jumps`);
});

test("orders of a service that was started with another time are listed in one order with others", async () => {
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
    await using _ = orders;
    const send = fetchClient(orders.url);
    for (let n = 0; n < 20; n += 1) {
      const reply = await send("POST", "/orders", { json: newOrder(userId, n) });
      placed.push(bodyOfStatus(reply, 201) as Order);
    }
    checkList(await listAll<Order>(send, "/orders?limit=7"), placed);
  }
});

test("two replicas whose clocks differ by an hour make one list, in which nothing is twice or missing", async () => {
  await using ahead = await startShim();
  ahead.set({ clockOffsetMs: 3_600_000 });
  await using platform = await startPlatform();
  const { users, orders, folder: cwd } = platform;
  const env = { USER_SERVICE_URL: users.url, ...ahead.env };
  await using replica = await startExecutable("order-service", { cwd, env });
  const userId = await createUser(users);
  const [here, there] = [orders, replica].map(({ url }) => placeOrders(url, userId));
  if (!here || !there) throw new Error("There are two");
  const send = fetchClient(orders.url);
  for (let n = 0; n < 5; n += 1) {
    await Promise.all([here.more(50), there.more(50)]);
    const before = [...here.placed, ...there.placed].map(({ id }) => id);
    const ids = (await listAll<Order>(send, "/orders?limit=50")).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(before.filter((id) => !ids.includes(id))).toEqual([]);
  }
  await Promise.all([here.stop(), there.stop()]);
  for (const { url } of [orders, replica]) {
    const listed = await listAll<Order>(fetchClient(url), "/orders?limit=50");
    checkList(listed, [...here.placed, ...there.placed]);
  }
});
