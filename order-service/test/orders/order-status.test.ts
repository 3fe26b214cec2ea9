import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { canTransition, orderStatus, type OrderStatus } from "../../src/orders/order-status.ts";

const statuses = ["pending", "confirmed", "shipped", "delivered", "cancelled"] as const;

describe("canTransition()", () => {
  test.each<[OrderStatus, OrderStatus[]]>([
    ["pending", ["confirmed", "cancelled"]],
    ["confirmed", ["shipped", "cancelled"]],
    ["shipped", ["delivered"]],
    ["delivered", []],
    ["cancelled", []],
  ])("lets an order that is %s become %j, or stay as it is", (from, expected) => {
    const reachable = statuses.filter((to) => canTransition(from, to));
    expect(reachable.toSorted()).toEqual([from, ...expected].toSorted());
  });

  test("lets an order be delivered, one step at a time", () => {
    const path = ["pending", "confirmed", "shipped", "delivered"] as const;
    path.reduce((from, to) => {
      expect(canTransition(from, to)).toBe(true);
      return to;
    });
  });
});

test("orderStatus is one of five words", () => {
  for (const status of statuses) expect(Value.Check(orderStatus, status)).toBe(true);
  for (const other of ["Pending", " pending", "", "lost", "toString", 0, null, undefined]) {
    expect(Value.Check(orderStatus, other)).toBe(false);
  }
});
