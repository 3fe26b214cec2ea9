import { describe, expect, jest, test } from "bun:test";
import { rejectionOf, temporaryStorage } from "@platform/shared/testing/running-service";
import { migrations } from "../../src/migrations/index.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import type { OrderStore } from "../../src/orders/order-store.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";
import type { UserCheck, UserDirectory } from "../../src/user-service/user-directory.ts";
import { answering, userId } from "../order-service.ts";

const draft = { userId, lines: [{ sku: "KB-87", quantity: 2, unitPriceCents: 1999 }] };
const otherDraft = { userId, lines: [{ sku: "MS-01", quantity: 1, unitPriceCents: 550 }] };
const everybody = answering("exists");

/** An empty store with a clock of its own, and how many orders it has. */
async function emptyStore() {
  const clock = { ms: 1_800_000_000_000 };
  const database = await temporaryStorage(migrations);
  const orders = sqliteOrderStore(database.storage, () => clock.ms);
  const page = { userId: undefined, status: undefined, after: undefined, limit: 1000 };
  return {
    orders,
    clock,
    /** Resolves when everything that was to be written before has been. */
    written: () => database.storage.write(() => undefined),
    count: async () => (await orders.list(page)).items.length,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Why an order was not placed. */
async function refusal(
  parts: { orders: OrderStore; users: UserDirectory },
  key?: string,
  wish = draft,
): Promise<unknown> {
  const error = await rejectionOf(placeOrder(parts, wish, key));
  return error instanceof Error && "reason" in error ? error.reason : error;
}

describe("an order without a key", () => {
  test("is placed as often as it is sent", async () => {
    await using store = await emptyStore();
    const { orders } = store;
    const first = await placeOrder({ orders, users: everybody }, draft, undefined);
    const second = await placeOrder({ orders, users: everybody }, draft, undefined);
    expect(first).toEqual({ original: first.original, current: first.original, isReplay: false });
    expect(second.original.id).not.toBe(first.original.id);
    expect(await orders.find(first.original.id)).toEqual(first.original);
  });
});

describe.each([["without a key", undefined] as const, ["with a key", "k"] as const])(
  "an order %s",
  (_, key) => {
    test.each<[UserCheck, string]>([
      ["unknown", "user unknown"],
      ["unavailable", "user check unavailable"],
      ["failed", "user check failed"],
    ])(
      "for a user that is %s is refused, leaves nothing and can be sent again",
      async (answer, reason) => {
        await using store = await emptyStore();
        const { orders } = store;
        expect(await refusal({ orders, users: answering(answer) }, key)).toBe(reason);
        expect(await store.count()).toBe(0);
        const { isReplay } = await placeOrder({ orders, users: everybody }, draft, key);
        expect(isReplay).toBe(false);
        expect(await store.count()).toBe(1);
      },
    );

    test("that storage cannot take is refused as it says, and can be sent again", async () => {
      await using store = await emptyStore();
      const full = new Error("full");
      const orders = { ...store.orders, place: () => Promise.reject(full) };
      expect(await refusal({ orders, users: everybody }, key)).toBe(full);
      const again = { orders: store.orders, users: everybody };
      expect((await placeOrder(again, draft, key)).isReplay).toBe(false);
    });
  },
);

describe("an order with a key", () => {
  test("is placed once, and told again as it was without asking for its user", async () => {
    await using store = await emptyStore();
    const { orders } = store;
    const { original } = await placeOrder({ orders, users: everybody }, draft, "k");
    const current = await orders.setStatus(original.id, "confirmed", () => true);
    const users = { check: () => Promise.reject(new Error("was asked")) };
    const again = await placeOrder({ orders, users }, draft, "k");
    expect(again).toEqual({ original, current, isReplay: true });
    expect(await store.count()).toBe(1);
  });

  test("is refused where the key belongs to another", async () => {
    await using store = await emptyStore();
    const parts = { orders: store.orders, users: everybody };
    await placeOrder(parts, draft, "k");
    expect(await refusal(parts, "k", otherDraft)).toBe("key of another order");
    expect(await store.count()).toBe(1);
  });

  test("is refused while the first request with the key is at work", async () => {
    await using store = await emptyStore();
    const { orders } = store;
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<UserCheck>()];
    const check = () => {
      asked.resolve();
      return answer.promise;
    };
    const first = placeOrder({ orders, users: { check } }, draft, "k");
    await asked.promise;
    expect(await refusal({ orders, users: everybody }, "k")).toBe("key at work");
    answer.resolve("exists");
    expect((await first).isReplay).toBe(false);
    expect(await store.count()).toBe(1);
  });

  test("that lost its key to another request leaves placing it to that one", async () => {
    await using store = await emptyStore();
    const { orders, clock } = store;
    const check = async (): Promise<UserCheck> => {
      clock.ms += 60_000; // the process stood still, and its claim has lapsed
      await placeOrder({ orders, users: everybody }, draft, "k");
      return "exists";
    };
    expect(await refusal({ orders, users: { check } }, "k")).toBe("key at work");
    expect(await store.count()).toBe(1);
  });

  test("keeps its key for as long as it takes to ask for its user", async () => {
    await using store = await emptyStore();
    const { orders, clock, written } = store;
    jest.useFakeTimers();
    const check = async (): Promise<UserCheck> => {
      for (let seconds = 0; seconds < 60; seconds += 1) {
        clock.ms += 1000;
        jest.advanceTimersByTime(1000);
        await written();
      }
      expect(await refusal({ orders, users: everybody }, "k")).toBe("key at work");
      return "exists";
    };
    const { isReplay } = await placeOrder({ orders, users: { check } }, draft, "k").finally(() =>
      jest.useRealTimers(),
    );
    expect(isReplay).toBe(false);
    expect(await store.count()).toBe(1);
  });

  test("is refused for its own reason, though the key cannot be given back", async () => {
    await using store = await emptyStore();
    const release: OrderStore["release"] = async (claim) => {
      await store.orders.release(claim);
      throw new Error("busy");
    };
    const orders = { ...store.orders, release };
    expect(await refusal({ orders, users: answering("unknown") }, "k")).toBe("user unknown");
  });
});
