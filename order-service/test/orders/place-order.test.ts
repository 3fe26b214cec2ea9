import { describe, expect, jest, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import type { OrderStore } from "../../src/orders/order-store.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import type { UserCheck, UserDirectory } from "../../src/user-service/user-directory.ts";
import { usersAll } from "../order-service.ts";
import { draft, temporarySqliteOrders } from "./temporary-orders.ts";

const users = usersAll("exists");

/** Why an order was not placed: the reason for a refusal, the error for any other failure. */
async function refusal(
  parts: { orders: OrderStore; users: UserDirectory },
  key?: string,
): Promise<unknown> {
  const error = await rejectionOf(placeOrder(parts, draft, key));
  return error instanceof Error && "reason" in error ? error.reason : error;
}

describe("placeOrder()", () => {
  test.each([undefined, "k"])(
    "passes on the storage's error, and accepts a retry (key: %p)",
    async (key) => {
      await using store = await temporarySqliteOrders();
      const full = new Error("full");
      const orders = { ...store.orders, place: () => Promise.reject(full) };
      expect(await refusal({ orders, users }, key)).toBe(full);
      await store.committed();
      expect((await placeOrder({ orders: store.orders, users }, draft, key)).isReplay).toBe(false);
    },
  );

  test("places no second order if the claim of its key lapsed and another request used the key", async () => {
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

  test("keeps the claim of its key however long the user check takes", async () => {
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

  test("refuses with the first cause although its key's release fails", async () => {
    await using store = await temporarySqliteOrders();
    const release: OrderStore["release"] = async (claim) => {
      await store.orders.release(claim);
      throw new Error("busy");
    };
    const orders = { ...store.orders, release };
    expect(await refusal({ orders, users: usersAll("unknown") }, "k")).toBe("user-unknown");
  });

  test("refuses although its key's release hangs", async () => {
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
