// What every store of orders does, whatever database is behind it.
import { describe, expect, test } from "bun:test";
import { PreconditionFailed, type Precondition } from "@platform/shared/core/precondition";
import { testIdempotencyKeys } from "@platform/shared/testing/idempotency-keys";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import type { Claim } from "@platform/shared/idempotency/claim";
import type { OrderPosition, OrderStore } from "../../src/orders/order-store.ts";
import { OrderNotFound, StatusConflict, type Order } from "../../src/orders/order.ts";
import { userId } from "../order-service.ts";
import { draft, everything, orderStores } from "./temporary-orders.ts";

const otherUser = "01936f5e-8a3c-7c4e-9d2b-000000000000";
const always: Precondition = () => undefined;
const never: Precondition = () => new PreconditionFailed("changed");

describe.each(orderStores)("OrderStore in %s", (_, open) => {
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
              page = await orders.list({ ...query, after: page.nextAfter });
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
    let after: OrderPosition | undefined;
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
    const last = first.items.at(-1);
    expect(first.nextAfter).toEqual(last && { id: last.id });
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

describe.each(orderStores)("OrderStore with keys in %s", (engine, open) => {
  testIdempotencyKeys(engine, async () => {
    const stores = await open();
    const withCount = (orders: OrderStore) => ({
      ...orders,
      create: (claim: Claim) => orders.place(draft, claim),
      count: async () => (await orders.list(everything)).items.length,
    });
    return {
      ...stores,
      store: withCount(stores.orders),
      replica: withCount(stores.replica),
      start: async () => withCount(await stores.openReplica()),
    };
  });
});
