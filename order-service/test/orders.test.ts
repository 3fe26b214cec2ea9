import { describe, expect, test } from "bun:test";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import { pageAt, pagesFrom } from "@platform/shared/testing/pages";
import type { orderList } from "../src/app.ts";
import { canTransition, type OrderStatus } from "../src/orders/order-status.ts";
import type { Order } from "../src/orders/order.ts";
import { placeOrder, orderServices, userId, wish } from "./order-service.ts";

const otherUser = "01936f5e-8a3c-7c4e-9d2b-000000000000";

function move(service: RunningService, { id }: Order, status: unknown, headers = {}) {
  return service.request(`/orders/${id}`, { method: "PATCH", json: { status }, headers });
}

/** Everything on a list, page by page. */
const all = async (service: RunningService, path: string) =>
  (await pagesFrom<Order>(service, path)).flatMap(({ items }) => items);

describe.each(orderServices)("order-service on %s", (_, startOrderService) => {
  describe("GET /orders", () => {
    test("returns orders oldest first, page by page, without a gap or a repeat", async () => {
      await using service = await startOrderService();
      const placed: Order[] = [];
      for (let n = 0; n < 7; n += 1) placed.push(await placeOrder(service));
      expect(await all(service, "/orders?limit=3")).toEqual(placed);
      expect(await all(service, "/orders")).toEqual(placed);
    });

    test("returns an order that was placed after the clock was set back last", async () => {
      let time = 1_800_000_000_000;
      await using service = await startOrderService({ now: () => time });
      const first = await placeOrder(service);
      time -= 3_600_000;
      const second = await placeOrder(service);
      expect(await all(service, "/orders")).toEqual([first, second]);
      expect(second.created_at >= first.created_at).toBe(true);
    });

    test("combines filters, on every page", async () => {
      await using service = await startOrderService();
      const first = await placeOrder(service);
      const second = await placeOrder(service);
      const third = await placeOrder(service);
      const other = await placeOrder(service, { ...wish, user_id: otherUser });
      for (const order of [second, third]) await move(service, order, "confirmed");
      const found = async (query: string) =>
        (await all(service, `/orders?limit=1&${query}`)).map(({ id }) => id);
      expect(await found(`user_id=${userId.toUpperCase()}`)).toEqual([
        first.id,
        second.id,
        third.id,
      ]);
      expect(await found("status=pending")).toEqual([first.id, other.id]);
      expect(await found(`user_id=${userId}&status=confirmed`)).toEqual([second.id, third.id]);
      expect(await found(`user_id=${otherUser}&status=confirmed`)).toEqual([]);
    });

    const start = 1_800_000_000_000;
    // A filter that is added to the query needs a value here, or this file has a type error.
    const filters: Record<Exclude<keyof typeof orderList.static, "limit" | "after">, string> = {
      user_id: otherUser,
      status: "confirmed,shipped,confirmed",
      created_after: new Date(start).toISOString(),
      created_before: new Date(start + 10).toISOString(),
      sort: "-created_at",
    };

    test.each(Object.entries(filters))("filters by %s on every page", async (filter, value) => {
      let time = start;
      await using service = await startOrderService({ now: () => time });
      const others = [await placeOrder(service)];
      const selected: Order[] = [];
      for (let n = 0; n < 3; n += 1) {
        time = start + 1 + n;
        const order = await placeOrder(service, { ...wish, user_id: otherUser });
        await move(service, order, "confirmed");
        selected.push(order);
        // Before or after the range, whichever is asked for.
        time = filter === "created_after" ? start : start + 10;
      }
      time = start + 20;
      if (filter !== "created_after") others.push(await placeOrder(service));
      const pages = await pagesFrom<Order>(service, `/orders?limit=1&${filter}=${value}`);
      const found = pages.flatMap(({ items }) => items.map(({ id }) => id));
      const expected = selected.map(({ id }) => id);
      if (filter === "created_before") expected.unshift(others[0]?.id ?? "");
      if (filter === "sort") {
        const newestFirst = [others[1], ...selected.toReversed(), others[0]];
        expect(found).toEqual(newestFirst.map((order) => order?.id ?? ""));
      } else expect(found).toEqual(expected);
      for (const { next } of pages.slice(0, -1)) expect(next).toContain(`${filter}=`);
    });

    test("returns orders that were placed during a walk backwards on no page, and skips none", async () => {
      await using service = await startOrderService();
      const placed: Order[] = [];
      for (let n = 0; n < 4; n += 1) placed.push(await placeOrder(service));
      const first = await pageAt<Order>(service, "/orders?limit=2&sort=-created_at");
      await placeOrder(service);
      const rest = await all(service, first.next ?? "");
      expect([...first.items, ...rest]).toEqual(placed.toReversed());
    });

    test("reads a status that is named six times as one", async () => {
      await using service = await startOrderService();
      const { id } = await placeOrder(service);
      const { items } = await pageAt<Order>(
        service,
        `/orders?status=${"pending,".repeat(5)}pending`,
      );
      expect(items.map((order) => order.id)).toEqual([id]);
    });

    test("refuses the cursor of the other sort", async () => {
      await using service = await startOrderService();
      for (let n = 0; n < 2; n += 1) await placeOrder(service);
      const { next = "" } = await pageAt<Order>(service, "/orders?limit=1");
      const { status, errors } = await bodyOf(await service.request(`${next}&sort=-created_at`));
      expect(status).toBe(422);
      expect(errors).toEqual([{ parameter: "after", detail: expect.any(String) }]);
    });

    test.each([
      "user_id=1",
      "user_id=",
      "status=open",
      "status=",
      "status=pending,",
      "status=pending,%20shipped",
      "status=pending,open",
      "sort=name",
      "sort=",
      "created_after=now",
      "userid=1",
      "after=x",
      "limit=0",
    ])("refuses the query %s", async (query) => {
      await using service = await startOrderService();
      const parameter = query.slice(0, query.indexOf("="));
      const { status, errors } = await bodyOf(await service.request(`/orders?${query}`));
      expect(status).toBe(422);
      expect(errors).toEqual([{ parameter, detail: expect.any(String) }]);
    });
  });

  describe("PATCH /orders/{id}", () => {
    const statuses: OrderStatus[] = ["pending", "confirmed", "shipped", "delivered", "cancelled"];
    const paths: Record<OrderStatus, OrderStatus[]> = {
      pending: [],
      confirmed: ["confirmed"],
      shipped: ["confirmed", "shipped"],
      delivered: ["confirmed", "shipped", "delivered"],
      cancelled: ["cancelled"],
    };

    test.each(statuses)("moves a %s order to a status allowed next, and no other", async (from) => {
      await using service = await startOrderService();
      for (const to of statuses) {
        const order = await placeOrder(service);
        for (const step of paths[from]) await move(service, order, step);
        const response = await move(service, order, to);
        const present = await bodyOf<Order>(await service.request(`/orders/${order.id}`));
        if (canTransition(from, to)) {
          expect(response.status).toBe(200);
          expect(present).toEqual({ ...order, status: to, updated_at: present.updated_at });
        } else {
          const detail = `Order cannot go from ${from} to ${to}`;
          expect(await bodyOf(response)).toMatchObject({ status: 409, detail });
          expect(present.status).toBe(from);
        }
      }
    });

    test("changes nothing, not even the ETag, if the order has the status already", async () => {
      await using service = await startOrderService();
      const order = await placeOrder(service);
      const before = await service.request(`/orders/${order.id}`);
      const response = await move(service, order, "pending");
      expect(await response.json()).toEqual(order);
      expect(response.headers.get("etag")).toBe(before.headers.get("etag"));
    });

    test("refuses a change whose If-Match is outdated", async () => {
      await using service = await startOrderService();
      const order = await placeOrder(service);
      const etag = (await service.request(`/orders/${order.id}`)).headers.get("etag") ?? "";
      expect((await move(service, order, "confirmed", { "if-match": etag })).status).toBe(200);
      // The status is not allowed either: the precondition is checked first.
      expect((await move(service, order, "delivered", { "if-match": etag })).status).toBe(412);
    });

    test.each<unknown>(["lost", 1, undefined, null])("refuses the status %p", async (status) => {
      await using service = await startOrderService();
      const response = await move(service, await placeOrder(service), status);
      expect(response.status).toBe(422);
      const detail = expect.stringContaining('"pending", "confirmed"');
      expect((await bodyOf(response)).errors?.[0]).toEqual({ pointer: "#/status", detail });
    });
  });

  test("GET and PATCH /orders/{id} are 404 for an order that does not exist", async () => {
    await using service = await startOrderService();
    for (const sent of [{}, { method: "PATCH", json: { status: "confirmed" } }]) {
      const refused = await bodyOf(await service.request(`/orders/${otherUser}`, sent));
      expect(refused).toMatchObject({ status: 404, detail: "Order not found" });
    }
  });

  test.each(["PUT", "DELETE"])("%s /orders/{id} is 405 with Allow", async (method) => {
    await using service = await startOrderService();
    const response = await service.request(`/orders/${otherUser}`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD, PATCH");
  });
});
