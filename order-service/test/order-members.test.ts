// What a client sends comes back, for every member that a client may send: a member that is added to
// the schema needs a value here, or this file has a type error. Each engine has statements of its own,
// and PostgreSQL another one for an order with a key.
import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { NewOrder, Order } from "../src/orders/order.ts";
import { orderServices, userId } from "./order-service.ts";

const item: Required<NewOrder["items"][number]> = { sku: "KB-87", quantity: 2, unit_price: 19.99 };
const placed: Required<NewOrder> = { user_id: userId, items: [item] };
const key = { "idempotency-key": "k-1" };
const confirmed = { method: "PATCH", json: { status: "confirmed" } };

describe.each(orderServices)("order-service on %s", (_, startOrderService) => {
  describe.each([
    ["POST /orders", {}],
    ["POST /orders with an Idempotency-Key", key],
  ])("%s", (_post, headers) => {
    test("keeps every member, which GET and PATCH /orders/{id} and GET /orders have", async () => {
      await using service = await startOrderService();
      const { request } = service;
      const order = await bodyOf<Order>(await request("/orders", { json: placed, headers }));
      expect(order).toMatchObject(placed);
      const path = `/orders/${order.id}`;
      expect(await bodyOf<Order>(await request(path))).toEqual(order);
      const queries = [
        "",
        `user_id=${userId}`,
        "status=pending",
        `user_id=${userId}&status=pending`,
      ];
      for (const query of queries) {
        expect(await bodyOf<Order[]>(await request(`/orders?${query}`))).toEqual([order]);
      }
      const changed = await bodyOf<Order>(await request(path, confirmed));
      expect(changed).toEqual({ ...order, status: "confirmed", updated_at: changed.updated_at });
    });
  });

  test("POST /orders keeps every member of orders that are placed and read at once", async () => {
    await using service = await startOrderService();
    const bodies = [placed, { ...placed, items: [item, { ...item, sku: "MS-01" }] }];
    const responses = await Promise.all(bodies.map((json) => service.request("/orders", { json })));
    const orders = await Promise.all(responses.map((response) => bodyOf<Order>(response)));
    expect(orders).toMatchObject(bodies);
    const found = await Promise.all(orders.map(({ id }) => service.request(`/orders/${id}`)));
    expect(await Promise.all(found.map((response) => bodyOf<Order>(response)))).toEqual(orders);
  });

  test("POST /orders with an Idempotency-Key replays every member as it was before a change", async () => {
    await using service = await startOrderService();
    const sent = { json: placed, headers: key };
    const order = await bodyOf<Order>(await service.request("/orders", sent));
    await service.request(`/orders/${order.id}`, confirmed);
    expect(await bodyOf<Order>(await service.request("/orders", sent))).toEqual(order);
  });
});
