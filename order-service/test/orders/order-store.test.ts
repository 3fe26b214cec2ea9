// What every store of orders does, whatever database is behind it.
import { describe, expect, jest, test } from "bun:test";
import { PreconditionFailed, type Precondition } from "@platform/shared/core/precondition";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { ClaimLost, type Claim } from "@platform/shared/idempotency/claim";
import type { OrderKey, OrderStore } from "../../src/orders/order-store.ts";
import { OrderNotFound, StatusConflict, type Order } from "../../src/orders/order.ts";
import { userId } from "../order-service.ts";
import { draft, everything, temporarySqliteOrders } from "./temporary-orders.ts";

const otherUser = "01936f5e-8a3c-7c4e-9d2b-000000000000";
const always: Precondition = () => undefined;
const never: Precondition = () => new PreconditionFailed("changed");

async function claimed(store: OrderStore, key = "k", fingerprint = "f"): Promise<Claim> {
  const result = await store.claim(key, fingerprint);
  if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
  return result.claim;
}

describe.each([["SQLite", temporarySqliteOrders]])("OrderStore in %s", (_, open) => {
  test("find() returns an order as it was placed, on every replica", async () => {
    await using stores = await open();
    const order = await stores.orders.place(draft);
    expect(order).toEqual({
      id: expect.any(String),
      user_id: userId,
      items: [
        { sku: "KB-87", quantity: 2, unit_price: 19.99 },
        { sku: "MS-01", quantity: 1, unit_price: 5.5 },
      ],
      total_amount: 45.48,
      status: "pending",
      created_at: "2027-01-15T08:00:00.000Z",
      updated_at: "2027-01-15T08:00:00.000Z",
    });
    expect(await stores.orders.find(order.id)).toEqual(order);
    expect(await stores.replica.find(order.id)).toEqual(order);
    expect(await stores.orders.find(otherUser)).toBeUndefined();
  });

  test("list() returns orders oldest first, filtered, from any order on", async () => {
    await using stores = await open();
    const { orders } = stores;
    const placed: Order[] = [];
    for (let n = 0; n < 6; n += 1) {
      placed.push(await orders.place({ ...draft, userId: n % 2 ? otherUser : userId }));
      stores.clock.ms += n % 3;
    }
    for (const { id } of placed.slice(3)) await orders.setStatus(id, "cancelled", always);
    const { items: all } = await orders.list(everything);
    expect(all.map(({ id }) => id)).toEqual(placed.map(({ id }) => id));
    const ids = async (filter: object) =>
      (await orders.list({ ...everything, ...filter })).items.map(({ id }) =>
        placed.findIndex((o) => o.id === id),
      );
    expect(await ids({ userId })).toEqual([0, 2, 4]);
    expect(await ids({ statuses: ["cancelled"] })).toEqual([3, 4, 5]);
    expect(await ids({ userId, statuses: ["pending"] })).toEqual([0, 2]);
    expect(await ids({ after: placed[1], limit: 2 })).toEqual([2, 3]);
    expect(await ids({ userId, after: placed[0], limit: 1 })).toEqual([2]);
  });

  test("list() returns the same orders newest first, with any filter, in pages of any size", async () => {
    await using stores = await open();
    const { orders, clock } = stores;
    const placed: Order[] = [];
    for (let n = 0; n < 24; n += 1) {
      placed.push(await orders.place({ ...draft, userId: n % 2 ? otherUser : userId }));
      clock.ms += n % 3;
    }
    const moves = [[], ["confirmed"], ["cancelled"], ["confirmed", "shipped"]] as const;
    for (const [n, { id }] of placed.entries()) {
      for (const status of moves[n % moves.length] ?? [])
        await orders.setStatus(id, status, always);
    }
    const { items: all } = await orders.list(everything);
    const created = (n: number) => Date.parse(all[n]?.created_at ?? "");
    const ranges = [{}, { createdAfter: created(3) }, { createdBefore: created(20) }];
    const both = { createdAfter: created(3), createdBefore: created(20) };
    const statusLists = [undefined, ["pending"], ["confirmed", "cancelled"]] as const;
    for (const range of [...ranges, both]) {
      for (const user of [undefined, userId]) {
        for (const statuses of statusLists) {
          const expected = all.filter(
            ({ user_id, status, created_at }) =>
              (user === undefined || user_id === user) &&
              (statuses?.some((each) => each === status) ?? true) &&
              Date.parse(created_at) > (range.createdAfter ?? 0) &&
              Date.parse(created_at) < (range.createdBefore ?? Infinity),
          );
          for (const sort of ["created_at", "-created_at"] as const) {
            const found: Order[] = [];
            const query = { ...range, userId: user, statuses, sort, limit: 2 };
            for (let page = await orders.list(query); ;) {
              found.push(...page.items);
              if (page.nextAfter === undefined) break;
              page = await orders.list({ ...query, after: { id: page.nextAfter.id } });
            }
            expect(found).toEqual(sort === "created_at" ? expected : expected.toReversed());
          }
        }
      }
    }
  });

  test("list() returns a user's orders oldest first, whatever their status", async () => {
    await using stores = await open();
    const delivered = ["confirmed", "shipped", "delivered"] as const;
    const paths = [["cancelled"] as const, delivered, delivered.slice(0, 1), []];
    const placed: string[] = [];
    for (const path of [...paths, delivered.slice(0, 2), ...paths]) {
      const { id } = await stores.orders.place(draft);
      await stores.orders.place({ ...draft, userId: otherUser });
      placed.push(id);
      for (const status of path) await stores.orders.setStatus(id, status, always);
    }
    const found: string[] = [];
    let after: OrderKey | undefined;
    do {
      const page = await stores.orders.list({ ...everything, userId, after, limit: 2 });
      found.push(...page.items.map(({ id }) => id));
      after = page.nextAfter;
    } while (after !== undefined);
    expect(found).toEqual(placed);
  });

  test("list() ends a page of large orders early, and loses none of them", async () => {
    await using stores = await open();
    const lines = Array(100).fill({ sku: "KB-87", quantity: 1, unitPriceCents: 1 });
    const placed = await Promise.all(
      Array.from({ length: 101 }, () => stores.orders.place({ userId, lines })),
    );
    const first = await stores.orders.list(everything);
    expect(first.items.length).toBeLessThan(101);
    expect(first.nextAfter).toEqual(first.items.at(-1));
    const second = await stores.orders.list({ ...everything, after: first.nextAfter });
    expect(second.nextAfter).toBeUndefined();
    expect([...first.items, ...second.items]).toEqual(placed);
  });

  test("setStatus() changes an order only to an allowed status, and only if its precondition holds", async () => {
    await using stores = await open();
    const order = await stores.orders.place(draft);
    const confirmed = await stores.orders.setStatus(order.id, "confirmed", always);
    const updated_at = "2027-01-15T08:00:00.001Z";
    expect(confirmed).toEqual({ ...order, status: "confirmed", updated_at });
    expect(await stores.replica.find(order.id)).toEqual(confirmed);
    expect(await stores.orders.setStatus(order.id, "confirmed", always)).toEqual(confirmed);
    const move = (id: string, precondition = always) =>
      stores.orders.setStatus(id, "delivered", precondition);
    expect(await rejectionOf(move(order.id))).toBeInstanceOf(StatusConflict);
    expect(await rejectionOf(move(order.id, never))).toBeInstanceOf(PreconditionFailed);
    expect(await rejectionOf(move(otherUser))).toBeInstanceOf(OrderNotFound);
    expect(await stores.orders.find(order.id)).toEqual(confirmed);
  });
});

describe.each([["SQLite", temporarySqliteOrders]])("IdempotencyKeys in %s", (_, open) => {
  test("claim() grants a key to the first request, on whichever replica", async () => {
    await using stores = await open();
    const claim = await claimed(stores.orders);
    expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "in-progress" });
    expect(await stores.replica.claim("k", "other")).toEqual({ outcome: "reused" });
    await stores.orders.release(claim);
    await stores.replica.release(await claimed(stores.replica));
  });

  test("claim() returns the order of a completed key, on every replica", async () => {
    await using stores = await open();
    const order = await stores.orders.place(draft, await claimed(stores.orders));
    expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "completed", result: order });
    expect(await stores.replica.claim("k", "other")).toEqual({ outcome: "reused" });
  });

  test("claim() grants one of many claims at once", async () => {
    await using stores = await open();
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? stores.orders : stores.replica).claim("k", "f"),
      ),
    );
    const granted = results.filter((result) => result.outcome === "claimed");
    expect(granted).toHaveLength(1);
    for (const { claim } of granted) {
      await stores.orders.release(claim);
      await stores.replica.release(claim);
    }
  });

  test("claim() grants the key of a dead process within ten seconds", async () => {
    await using stores = await open();
    const dead = await claimed(stores.orders);
    stores.clock.ms += 7000;
    expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "in-progress" });
    stores.clock.ms += 3000;
    const claim = await claimed(stores.replica, "k", "other");
    // The process was not dead but stopped, and goes on: its claim is lost.
    expect(await rejectionOf(stores.orders.place(draft, dead))).toBeInstanceOf(ClaimLost);
    await stores.orders.release(dead);
    await stores.replica.place(draft, claim);
    expect((await stores.orders.list(everything)).items).toHaveLength(1);
  });

  test("place() ends the renewal of its claim, also of one that was lost", async () => {
    await using stores = await open();
    jest.useFakeTimers();
    try {
      await stores.orders.place(draft, await claimed(stores.orders));
      expect(jest.getTimerCount()).toBe(0);
      const lost = await claimed(stores.orders, "lost");
      stores.clock.ms += 10_000;
      const taken = await claimed(stores.replica, "lost");
      expect(jest.getTimerCount()).toBe(2);
      expect(await rejectionOf(stores.orders.place(draft, lost))).toBeInstanceOf(ClaimLost);
      expect(jest.getTimerCount()).toBe(1);
      await stores.replica.release(taken);
    } finally {
      jest.useRealTimers();
    }
  });

  test("claim() grants the key of a dead process although the clock was set back", async () => {
    await using stores = await open();
    const dead = await claimed(stores.orders);
    stores.clock.ms -= 3_600_000;
    await stores.replica.release(await claimed(stores.replica));
    await stores.orders.release(dead);
  });

  test("forgetKeys() deletes old keys, a few at a time, and keeps their orders", async () => {
    await using stores = await open();
    for (const key of ["a", "b", "c"]) {
      await stores.orders.place(draft, await claimed(stores.orders, key));
      stores.clock.ms += 1000;
    }
    const time = stores.clock.ms - 1000;
    expect(await stores.orders.forgetKeys(time, 1)).toBe(1);
    expect(await stores.orders.forgetKeys(time, 10)).toBe(1);
    expect(await stores.orders.claim("c", "f")).toMatchObject({ outcome: "completed" });
    await stores.orders.release(await claimed(stores.orders, "a"));
    expect((await stores.orders.list(everything)).items).toHaveLength(3);
  });
});
