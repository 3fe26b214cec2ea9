import { describe, expect, jest, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/running-service";
import type { OrderStore } from "../../src/orders/order-store.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import type { UserCheck, UserDirectory } from "../../src/user-service/user-directory.ts";
import { heldUserCheck, usersAll } from "../order-service.ts";
import { draft, temporarySqliteOrders } from "./temporary-orders.ts";

const otherDraft = { ...draft, lines: draft.lines.slice(1) };
const users = usersAll("exists");

/** Why an order was not placed: the reason for a refusal, the error for any other failure. */
async function refusal(
  parts: { orders: OrderStore; users: UserDirectory },
  key?: string,
  wanted = draft,
): Promise<unknown> {
  const error = await rejectionOf(placeOrder(parts, wanted, key));
  return error instanceof Error && "reason" in error ? error.reason : error;
}

describe("placeOrder() without a key", () => {
  test("places an order for every request", async () => {
    await using store = await temporarySqliteOrders();
    const { orders } = store;
    const first = await placeOrder({ orders, users }, draft, undefined);
    const second = await placeOrder({ orders, users }, draft, undefined);
    expect(first).toEqual({ original: first.original, current: first.original, isReplay: false });
    expect(second.original.id).not.toBe(first.original.id);
    expect(await orders.find(first.original.id)).toEqual(first.original);
  });
});

describe.each([["without a key", undefined] as const, ["with a key", "k"] as const])(
  "placeOrder() %s",
  (_, key) => {
    test.each<[UserCheck, string]>([
      ["unknown", "user-unknown"],
      ["unavailable", "user-unavailable"],
      ["failed", "user-failed"],
    ])(
      "refuses an order whose user check is %s, stores nothing and accepts a retry",
      async (check, reason) => {
        await using store = await temporarySqliteOrders();
        const { orders } = store;
        expect(await refusal({ orders, users: usersAll(check) }, key)).toBe(reason);
        expect(await store.count()).toBe(0);
        await store.committed(); // the release, if it took longer than the refusal waited
        const { isReplay } = await placeOrder({ orders, users }, draft, key);
        expect(isReplay).toBe(false);
        expect(await store.count()).toBe(1);
      },
    );

    test("passes on the storage's error, and accepts a retry", async () => {
      await using store = await temporarySqliteOrders();
      const full = new Error("full");
      const orders = { ...store.orders, place: () => Promise.reject(full) };
      expect(await refusal({ orders, users }, key)).toBe(full);
      await store.committed();
      const again = { orders: store.orders, users };
      expect((await placeOrder(again, draft, key)).isReplay).toBe(false);
    });
  },
);

describe("placeOrder() with a key", () => {
  test("returns the order as it was placed for a repeated key, without a user check", async () => {
    await using store = await temporarySqliteOrders();
    const { orders } = store;
    const { original } = await placeOrder({ orders, users }, draft, "k");
    const current = await orders.setStatus(original.id, "confirmed", () => true);
    const unchecked = { check: () => Promise.reject(new Error("was checked")) };
    const again = await placeOrder({ orders, users: unchecked }, draft, "k");
    expect(again).toEqual({ original, current, isReplay: true });
    expect(await store.count()).toBe(1);
  });

  test("refuses the key of another order", async () => {
    await using store = await temporarySqliteOrders();
    const parts = { orders: store.orders, users };
    await placeOrder(parts, draft, "k");
    expect(await refusal(parts, "k", otherDraft)).toBe("key-reused");
    expect(await store.count()).toBe(1);
  });

  test("refuses a key while its first request is in progress", async () => {
    await using store = await temporarySqliteOrders();
    const { orders } = store;
    const held = heldUserCheck();
    const first = placeOrder({ orders, users: held.users }, draft, "k");
    await held.started;
    expect(await refusal({ orders, users }, "k")).toBe("key-in-progress");
    held.finish("exists");
    expect((await first).isReplay).toBe(false);
    expect(await store.count()).toBe(1);
  });

  test("places no second order if its claim lapsed and another request used the key", async () => {
    await using store = await temporarySqliteOrders();
    const { orders, clock } = store;
    const check = async (): Promise<UserCheck> => {
      clock.ms += 60_000; // the process was stopped, and renewed no claim
      await placeOrder({ orders, users }, draft, "k");
      return "exists";
    };
    expect(await refusal({ orders, users: { check } }, "k")).toBe("key-in-progress");
    expect(await store.count()).toBe(1);
  });

  test("keeps its claim however long the user check takes", async () => {
    await using store = await temporarySqliteOrders();
    const { orders, clock, committed } = store;
    jest.useFakeTimers();
    const check = async (): Promise<UserCheck> => {
      for (let seconds = 0; seconds < 60; seconds += 1) {
        clock.ms += 1000;
        jest.advanceTimersByTime(1000);
        await committed();
      }
      expect(await refusal({ orders, users }, "k")).toBe("key-in-progress");
      return "exists";
    };
    const { isReplay } = await placeOrder({ orders, users: { check } }, draft, "k").finally(() =>
      jest.useRealTimers(),
    );
    expect(isReplay).toBe(false);
    expect(await store.count()).toBe(1);
  });

  test("refuses with the first cause although the key's release fails", async () => {
    await using store = await temporarySqliteOrders();
    const release: OrderStore["release"] = async (claim) => {
      await store.orders.release(claim);
      throw new Error("busy");
    };
    const orders = { ...store.orders, release };
    expect(await refusal({ orders, users: usersAll("unknown") }, "k")).toBe("user-unknown");
  });

  test("sends its refusal although the key's release hangs", async () => {
    await using store = await temporarySqliteOrders();
    jest.useFakeTimers();
    const release = () => {
      setImmediate(() => void jest.advanceTimersByTime(200));
      return new Promise<void>(() => undefined);
    };
    const orders = { ...store.orders, release };
    const reason = await refusal({ orders, users: usersAll("unknown") }, "k").finally(() =>
      jest.useRealTimers(),
    );
    expect(reason).toBe("user-unknown");
  });
});
