// A clock that jumps while clients create orders and users by key: one key still makes one of them,
// and is remembered for as long as promised.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { bodyOfStatus, fetchClient, listAll } from "../support/clients.ts";
import { startHeldUserService, user } from "../support/platform/fake-user-service.ts";
import {
  createUser,
  newOrder,
  newUser,
  type Order,
  type User,
} from "../support/platform/resources.ts";
import { crash, startPlatform, startService } from "../support/platform/services.ts";
import type { TextResponse } from "../support/raw-client.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import { dayMs } from "./jumps.ts";
import { insertExpiredKeys } from "./seeded-keys.ts";

/** After this time another process can claim the key of a crashed one. */
const maxLeaseMs = 10_000;

/** The interval at which services delete expired keys. */
const cleanupIntervalMs = 60_000;

/** Places an order under a key. */
function place({ url }: Pick<Running, "url">, key: string, userId: string): Promise<TextResponse> {
  const content = { json: newOrder(userId, 1), headers: { "idempotency-key": key } };
  return fetchClient(url)("POST", "/orders", content);
}

test.concurrent("POST /orders still replays the order of each key after the clock has jumped by days", async () => {
  await using shim = await startShim();
  await using platform = await startPlatform({ orders: shim.env });
  const { users, orders, folder } = platform;
  const userId = await createUser(users);
  const placed = new Map<string, Order>();
  const repeatAll = async () => {
    for (const [key, order] of placed) {
      const response = await place(orders, key, userId);
      expect(bodyOfStatus(response, 201)).toEqual(order);
      expect(response.headers.get("idempotent-replayed")).toBe("true");
    }
  };
  for (const [n, days] of [0, -2, 2].entries()) {
    shim.set({ clockOffsetMs: days * dayMs });
    placed.set(`key-${n}`, bodyOfStatus(await place(orders, `key-${n}`, userId), 201) as Order);
    await repeatAll();
  }
  // order-service deletes expired keys once a minute. Its clock is two days ahead of the first keys.
  using expired = insertExpiredKeys(join(folder, "data/order_service.db"), 30);
  shim.set({ monotonicOffsetMs: cleanupIntervalMs });
  // A request wakes the process, whose timer of the deletion is then due.
  while (expired.left() > 0) await orders.fetch("/health");
  await repeatAll();
  shim.set({ clockOffsetMs: 0 });
  await repeatAll();
  expect(await listAll<Order>(fetchClient(orders.url), "/orders")).toHaveLength(placed.size);
});

test.concurrent("POST /users still replays the user of each key after the clock has jumped by days", async () => {
  await using shim = await startShim();
  await using users = await startService("user-service", shim.env);
  const send = fetchClient(users.url);
  const create = (key: string, n: number) =>
    send("POST", "/users", { json: newUser(n), headers: { "idempotency-key": key } });
  const created: User[] = [];
  const repeatAll = async () => {
    for (const [n, user] of created.entries()) {
      const response = await create(`key-${n}`, n);
      expect(bodyOfStatus(response, 201)).toEqual(user);
      expect(response.headers.get("idempotent-replayed")).toBe("true");
    }
  };
  for (const [n, days] of [0, -2, 2].entries()) {
    shim.set({ clockOffsetMs: days * dayMs });
    created.push(bodyOfStatus(await create(`key-${n}`, n), 201) as User);
    await repeatAll();
  }
  // user-service deletes expired keys once a minute. Its clock is two days ahead of the first keys.
  using expired = insertExpiredKeys(join(users.folder, "data/user_service.db"), 30);
  shim.set({ monotonicOffsetMs: cleanupIntervalMs });
  // A request wakes the process, whose timer of the deletion is then due.
  while (expired.left() > 0) await users.fetch("/health");
  await repeatAll();
  shim.set({ clockOffsetMs: 0 });
  await repeatAll();
  expect(await listAll<User>(send, "/users")).toHaveLength(created.length);
});

/** Two replicas with one clock, whose user-service holds its responses back. */
async function startReplicas() {
  await using stack = new AsyncDisposableStack();
  const shim = stack.use(await startShim());
  const held = stack.use(await startHeldUserService());
  const env = { USER_SERVICE_URL: held.url, USER_SERVICE_TIMEOUT_MS: "60000", ...shim.env };
  const first = stack.use(await startService("order-service", env));
  const second = stack.use(await startExecutable("order-service", { cwd: first.folder, env }));
  const running = stack.move();
  const replicas = [first, second] as const;
  return { shim, held, replicas, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const jumps = [dayMs, -dayMs, 10_000, -10_000, 5000, -3000, 0];

test.concurrent.each(jumps)(
  "POST /orders makes one order on two replicas though the clock jumps by %i ms while the key is in progress",
  async (clockOffsetMs) => {
    for (let round = 0; round < amount({ full: 5, fast: 1 }); round += 1) {
      await using platform = await startReplicas();
      const { shim, held, replicas } = platform;
      const [first, second] = replicas;
      const key = `round-${round}`;
      const sent = [place(first, key, user.id)];
      await held.called();
      expect((await place(second, key, user.id)).status).toBe(409);
      shim.set({ clockOffsetMs });
      for (let n = 0; n < 3; n += 1) {
        for (const replica of replicas) sent.push(place(replica, key, user.id));
      }
      await fetchClient(second.url)("GET", "/orders");
      held.release();
      const outcomes = await Promise.all(sent);
      for (const { status } of outcomes) expect([201, 409]).toContain(status);
      const orders = outcomes.filter(({ status }) => status === 201);
      const listed = await listAll<Order>(fetchClient(first.url), "/orders");
      expect(listed).toHaveLength(1);
      for (const response of orders) expect(bodyOfStatus(response, 201)).toEqual(listed[0]);
      const originals = orders.filter(({ headers }) => !headers.has("idempotent-replayed"));
      expect(originals).toHaveLength(1);
      for (const replica of replicas) {
        expect(bodyOfStatus(await place(replica, key, user.id), 201)).toEqual(listed[0]);
      }
    }
  },
);

test.concurrent.each([0, dayMs, -dayMs])(
  "POST /orders succeeds within ten seconds with the key of a crashed process, though the clock jumps by %i ms",
  async (clockOffsetMs) => {
    await using platform = await startReplicas();
    const { shim, held, replicas } = platform;
    const [killed, left] = replicas;
    const cut = place(killed, "key", user.id).catch(() => undefined);
    await held.called();
    await crash(killed);
    const killedAt = performance.now();
    expect(await cut).toBeUndefined();
    shim.set({ clockOffsetMs });
    held.release();
    let status: number;
    do ({ status } = await place(left, "key", user.id));
    while (status === 409 && performance.now() - killedAt < maxLeaseMs);
    expect(status).toBe(201);
    console.log(`free after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
    expect(await listAll<Order>(fetchClient(left.url), "/orders")).toHaveLength(1);
  },
);
