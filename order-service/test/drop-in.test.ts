// What clients of the original platform, written in Python, rely on. The tests of each route have the
// rest: the 422 for each field, and the 400, 502 and 503 of an order.
import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import { placeOrder, startOrderService, userId } from "./order-service.ts";

const unknown = "01936f5e-8a3c-7c4e-9d2b-000000000000";

describe("user-service for a client of the original", () => {
  test("finds health, creation, conflict, the order of the list, partial PUT and deletion", async () => {
    await using service = await startUserService();
    const { request } = service;
    expect(await (await request("/health")).text()).toBe('{"status":"ok"}');

    const json = { name: "Alice", email: "alice@example.com" };
    const created = await request("/users", { json });
    expect(created.status).toBe(201);
    const alice = await bodyOf<{ id: string }>(created);
    expect(await bodyOf<unknown>(await request(`/users/${alice.id}`))).toEqual(alice);

    const again = await request("/users", { json: { name: "Eve", email: "alice@example.com" } });
    expect(await bodyOf(again)).toMatchObject({ status: 409, detail: "Email already registered" });

    await createUser(service, { name: "Aaron", email: "aaron@example.com" });
    const names = await bodyOf<{ name: string }[]>(await request("/users"));
    expect(names.map(({ name }) => name)).toEqual(["Aaron", "Alice"]);

    const put = await request(`/users/${alice.id}`, { method: "PUT", json: { name: "Alicia" } });
    expect(put.status).toBe(200);
    expect(await put.json()).toMatchObject({ name: "Alicia", email: "alice@example.com" });

    expect((await request(`/users/${alice.id}`, { method: "DELETE" })).status).toBe(204);
    const gone = await bodyOf(await request(`/users/${alice.id}`));
    expect(gone).toMatchObject({ status: 404, detail: "User not found" });
    expect((await request("/users/123")).status).toBe(422);
  });
});

describe("order-service for a client of the original", () => {
  test("finds health, exact sums and a 404 for unknown orders", async () => {
    await using service = await startOrderService();
    expect(await (await service.request("/health")).text()).toBe('{"status":"ok"}');
    expect((await placeOrder(service)).total_amount).toBe(45.48);
    const items = [
      { sku: "A", quantity: 3, unit_price: 4.0 },
      { sku: "B", quantity: 1, unit_price: 2.5 },
    ];
    expect((await placeOrder(service, { user_id: userId, items })).total_amount).toBe(14.5);
    const missing = await bodyOf(await service.request(`/orders/${unknown}`));
    expect(missing).toMatchObject({ status: 404, detail: "Order not found" });
    expect((await service.request("/orders/123")).status).toBe(422);
  });
});
