import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { Order } from "../src/orders/order.ts";
import {
  countOrders,
  placeOrder,
  orderServices,
  userId,
  usersAll,
  usersBy,
  wish,
} from "./order-service.ts";

const line = { sku: "KB-87", quantity: 1, unit_price: 1 };

describe.each(orderServices)("order-service on %s", (_, startOrderService) => {
  describe("POST /orders", () => {
    test("stores an order, which can be fetched as it was placed", async () => {
      await using service = await startOrderService();
      const response = await service.request("/orders", { json: wish });
      expect(response.status).toBe(201);
      const order = await bodyOf<Order>(response);
      expect(order).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        user_id: userId,
        items: wish.items,
        total_amount: 45.48,
        status: "pending",
        created_at: expect.stringMatching(/Z$/),
        updated_at: order.created_at,
      });
      expect(response.headers.get("location")).toBe(`/orders/${order.id}`);
      expect(response.headers.has("idempotent-replayed")).toBe(false);
      const found = await service.request(`/orders/${order.id}`);
      expect(await found.json()).toEqual(order);
      expect(found.headers.get("etag")).toBe(response.headers.get("etag"));
    });

    test.each([
      ["3 × 4 + 1 × 2.5", 14.5],
      ["3 × 0.1", 0.3],
      ["1 × 0.07 + 1 × 0.01", 0.08],
      ["1000 × 1000000 + 1000 × 1000000", 2_000_000_000],
      ["7 × 1.1 + 3 × 1.15", 11.15],
    ])("sums %s to exactly %p", async (sum, total) => {
      await using service = await startOrderService();
      const items = sum.split(" + ").map((product) => {
        const [quantity, unit_price] = product.split(" × ").map(Number);
        return { sku: "A", quantity, unit_price };
      });
      expect((await placeOrder(service, { user_id: userId, items })).total_amount).toBe(total);
    });

    test("sums the largest possible order exactly", async () => {
      await using service = await startOrderService();
      const item = { sku: "A", quantity: 1000, unit_price: 999_999.99 };
      const order = await placeOrder(service, { user_id: userId, items: Array(100).fill(item) });
      expect(order.total_amount).toBe(99_999_999_000);
    });

    test("accepts numbers by their value, however they are written", async () => {
      await using service = await startOrderService();
      const response = await service.request("/orders", {
        headers: { "content-type": "application/json" },
        body: `{"user_id":"${userId}","items":[{"sku":"A","quantity":2.0e0,"unit_price":1.50e1}]}`,
      });
      expect(response.status).toBe(201);
      expect(await response.json()).toMatchObject({ total_amount: 30 });
    });

    test("stores a user's id that is sent in upper case in lower case", async () => {
      await using service = await startOrderService();
      const order = await placeOrder(service, { ...wish, user_id: userId.toUpperCase() });
      expect(order.user_id).toBe(userId);
    });

    test("stores text trimmed and normalised, and unknown fields not at all", async () => {
      await using service = await startOrderService();
      const order = await placeOrder(service, {
        user_id: userId,
        status: "delivered",
        total_amount: 1,
        items: [{ ...line, sku: " e\u0301 ", colour: "red" }],
      });
      expect(order.items).toEqual([{ ...line, sku: "\u00e9" }]);
      expect(order.status).toBe("pending");
    });

    test.each([
      ["no items", { items: [] }, "#/items"],
      ["101 items", { items: Array(101).fill(line) }, "#/items"],
      ["items missing", { items: undefined }, "#/items"],
      ["quantity 0", { items: [{ ...line, quantity: 0 }] }, "#/items/0/quantity"],
      ["quantity 1001", { items: [{ ...line, quantity: 1001 }] }, "#/items/0/quantity"],
      ["quantity 1.5", { items: [{ ...line, quantity: 1.5 }] }, "#/items/0/quantity"],
      ["a quantity in quotes", { items: [{ ...line, quantity: "1" }] }, "#/items/0/quantity"],
      ["unit price 0", { items: [{ ...line, unit_price: 0 }] }, "#/items/0/unit_price"],
      ["a negative price", { items: [{ ...line, unit_price: -1 }] }, "#/items/0/unit_price"],
      ["a price of 0.001", { items: [{ ...line, unit_price: 0.001 }] }, "#/items/0/unit_price"],
      ["a price of 19.999", { items: [{ ...line, unit_price: 19.999 }] }, "#/items/0/unit_price"],
      ["a larger price", { items: [{ ...line, unit_price: 1e6 + 0.01 }] }, "#/items/0/unit_price"],
      ["an empty sku", { items: [{ ...line, sku: "" }] }, "#/items/0/sku"],
      ["a blank sku", { items: [{ ...line, sku: " " }] }, "#/items/0/sku"],
      ["a sku of 51 characters", { items: [{ ...line, sku: "x".repeat(51) }] }, "#/items/0/sku"],
      ["a user id that is no UUID", { user_id: "1" }, "#/user_id"],
      ["a user id in braces", { user_id: `{${userId}}` }, "#/user_id"],
    ])("rejects %s, and points to it", async (_, part, pointer) => {
      await using service = await startOrderService();
      const json = { ...wish, ...part };
      const { status, errors } = await bodyOf(await service.request("/orders", { json }));
      expect(status).toBe(422);
      expect(errors).toEqual([{ pointer, detail: expect.any(String) }]);
      expect(await countOrders(service)).toBe(0);
    });

    test("reports every validation error of every item in one response", async () => {
      await using service = await startOrderService();
      const json = { user_id: "x", items: [{ sku: "", quantity: 0, unit_price: 0 }, line, {}] };
      const { errors } = await bodyOf(await service.request("/orders", { json }));
      expect(errors?.map(({ pointer }) => pointer)).toEqual([
        "#/user_id",
        "#/items/0/sku",
        "#/items/0/quantity",
        "#/items/0/unit_price",
        "#/items/2/sku",
        "#/items/2/quantity",
        "#/items/2/unit_price",
      ]);
    });

    describe.each([{}, { "idempotency-key": "k" }])("with the headers %j", (headers) => {
      test.each([
        ["unknown", 400, "User does not exist"],
        ["failed", 502, "Failed to validate user"],
        ["unavailable", 503, "User service unavailable"],
        ["circuit-open", 503, "User service unavailable"],
        ["queue-full", 503, "User service unavailable"],
      ] as const)(
        "for a user check that is %s is %p, stores nothing, and accepts another order at once",
        async (check, status, detail) => {
          let users = usersAll(check);
          await using service = await startOrderService({
            users: usersBy((id) => users.check(id)),
          });
          const response = await service.request("/orders", { json: wish, headers });
          expect(response.status).toBe(status);
          expect(await response.json()).toMatchObject({ detail });
          expect(response.headers.has("retry-after")).toBe(status === 503);
          expect(await countOrders(service)).toBe(0);

          // The release of the key, if it took longer than the refusal waited.
          await service.released();
          users = usersAll("exists");
          const other = { ...wish, items: wish.items.slice(1) };
          expect(await placeOrder(service, other, { headers })).toMatchObject({
            total_amount: 5.5,
          });
          expect(await countOrders(service)).toBe(1);
        },
      );
    });
  });

  test("POST /orders has series at 0 for success, 500, 502 and 503 from the start", async () => {
    await using service = await startOrderService();
    await service.request("/metrics");
    for (const status of [201, 500, 502, 503]) {
      const labels = `method="POST",endpoint="/orders",status="${status}"`;
      expect(await service.metric(`http_requests_total{${labels}}`)).toBe(0);
    }
  });
});
