import { describe, expect, test } from "bun:test";
import { heldCall } from "@platform/shared/testing/held-call";
import { testIdempotencyRules } from "@platform/shared/testing/idempotency-rules";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { UserCheck } from "../src/user-service/user-directory.ts";
import {
  countOrders,
  placeOrder,
  orderServices,
  userId,
  usersAll,
  usersBy,
  wish,
} from "./order-service.ts";

describe.each(orderServices)("order-service on %s", (engine, startOrderService) => {
  testIdempotencyRules({
    path: "/orders",
    body: wish,
    respelled: {
      extra: true,
      items: wish.items.map((item) => ({ ...item, sku: ` ${item.sku} ` })),
      user_id: userId.toUpperCase(),
    },
    otherBody: { ...wish, items: wish.items.slice(1) },
    invalidBody: { ...wish, items: [] },
    change: { status: "confirmed" },
    start: startOrderService,
    async startHeld() {
      const { call: check, called, finish } = heldCall<UserCheck>();
      const service = await startOrderService({ users: usersBy(check) });
      return { ...service, called, finish: () => finish("exists") };
    },
    async startRefusing() {
      let users = usersAll("unknown");
      const service = await startOrderService({ users: usersBy((id) => users.check(id)) });
      return { ...service, relent: () => void (users = usersAll("exists")) };
    },
    refusalStatus: 400,
  });

  describe("POST /orders with an Idempotency-Key", () => {
    test("replays an order without a user check", async () => {
      let users = usersAll("exists");
      await using service = await startOrderService({ users: usersBy((id) => users.check(id)) });
      const sent = { headers: { "idempotency-key": "k-1" } };
      const placed = await placeOrder(service, wish, sent);
      users = usersBy(() => Promise.reject(new Error("was checked")));
      expect(await placeOrder(service, wish, sent)).toEqual(placed);
      expect(await countOrders(service)).toBe(1);
    });

    test("is 404 once an operator has deleted the order, or places it anew where its key went along", async () => {
      await using service = await startOrderService();
      const sent = { headers: { "idempotency-key": "k-1" } };
      await placeOrder(service, wish, sent);
      await service.query("DELETE FROM orders");
      const repeated = await service.request("/orders", { ...sent, json: wish });
      // The foreign key of SQLite deletes the key with its order.
      const expected = engine === "SQLite" ? { status: "pending" } : { code: "order-not-found" };
      expect(await bodyOf(repeated)).toMatchObject(expected);
      expect(await countOrders(service)).toBe(engine === "SQLite" ? 1 : 0);
    });
  });
});
