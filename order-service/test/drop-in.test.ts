// What clients of the original platform, written in Python, rely on.
import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import { placeOrder, startOrderService, userId, wish } from "./order-service.ts";

const unknown = "01936f5e-8a3c-7c4e-9d2b-000000000000";
const line = { sku: "A", quantity: 1, unit_price: 1 };

describe("user-service for a client of the original", () => {
  test("finds health, creation, conflict, the order of the list, partial PUT and deletion", async () => {
    await using service = await startUserService();
    const { request } = service;
    expect(await (await request("/health")).text()).toBe('{"status":"ok"}');

    const created = await request("/users", {
      json: { name: "Alice", email: "alice@example.com" },
    });
    expect(created.status).toBe(201);
    const alice = await bodyOf<{ id: string }>(created);
    expect(await bodyOf<unknown>(await request(`/users/${alice.id}`))).toEqual(alice);

    const again = await request("/users", { json: { name: "Eve", email: "alice@example.com" } });
    expect(again.status).toBe(409);
    expect((await bodyOf(again)).detail).toBe("Email already registered");

    await createUser(service, { name: "Aaron", email: "aaron@example.com" });
    const names = await bodyOf<{ name: string }[]>(await request("/users"));
    expect(names.map(({ name }) => name)).toEqual(["Aaron", "Alice"]);

    const put = await request(`/users/${alice.id}`, { method: "PUT", json: { name: "Alicia" } });
    expect(put.status).toBe(200);
    expect(await put.json()).toMatchObject({ name: "Alicia", email: "alice@example.com" });

    expect((await request(`/users/${alice.id}`, { method: "DELETE" })).status).toBe(204);
    const gone = await request(`/users/${alice.id}`);
    expect(gone.status).toBe(404);
    expect((await bodyOf(gone)).detail).toBe("User not found");
  });

  test.each([
    ["an empty name", { name: "", email: "a@example.com" }],
    ["a name of 101 characters", { name: "x".repeat(101), email: "a@example.com" }],
    ["no e-mail address", { name: "Alice", email: "nonsense" }],
  ])("gets a 422 for %s", async (_, json) => {
    await using service = await startUserService();
    expect((await service.request("/users", { json })).status).toBe(422);
  });

  test("gets a 422 for a path id that is no UUID", async () => {
    await using service = await startUserService();
    expect((await service.request("/users/123")).status).toBe(422);
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
    const missing = await service.request(`/orders/${unknown}`);
    expect(missing.status).toBe(404);
    expect((await bodyOf(missing)).detail).toBe("Order not found");
  });

  test("gets a 400 for an unknown user", async () => {
    await using users = await startUserService();
    await using service = await startOrderService({ userService: users.url });
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(400);
    expect((await bodyOf(response)).detail).toBe("User does not exist");
  });

  test("gets a 502 when user-service responds with 500", async () => {
    const userService = () => new Response("", { status: 500 });
    await using service = await startOrderService({ userService });
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(502);
    expect((await bodyOf(response)).detail).toBe("Failed to validate user");
  });

  test("gets a 503 when user-service is not reachable", async () => {
    await using service = await startOrderService({ userService: "http://127.0.0.1:1" });
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(503);
    expect((await bodyOf(response)).detail).toBe("User service unavailable");
  });

  test.each([
    ["no items", []],
    ["quantity 0", [{ ...line, quantity: 0 }]],
    ["quantity 1001", [{ ...line, quantity: 1001 }]],
    ["unit price 0", [{ ...line, unit_price: 0 }]],
    ["a negative unit price", [{ ...line, unit_price: -1 }]],
    ["an empty sku", [{ ...line, sku: "" }]],
    ["a sku of 51 characters", [{ ...line, sku: "x".repeat(51) }]],
  ])("gets a 422 for %s", async (_, items) => {
    await using service = await startOrderService();
    const response = await service.request("/orders", { json: { user_id: userId, items } });
    expect(response.status).toBe(422);
  });

  test("gets a 422 for a path id that is no UUID", async () => {
    await using service = await startOrderService();
    expect((await service.request("/orders/123")).status).toBe(422);
  });
});
