import { describe, expect, test } from "bun:test";
import { heldCall } from "@platform/shared/testing/held-call";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import type { UserCheck } from "../src/user-service/user-directory.ts";
import {
  countOrders,
  placeOrder,
  startOrderService,
  userId,
  usersAll,
  wish,
} from "./order-service.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });
const otherWish = { ...wish, items: wish.items.slice(1) };

const post = ({ request }: RunningService, key: string, json = wish) =>
  request("/orders", { json, ...keyed(key) });

describe("POST /orders with an Idempotency-Key", () => {
  test("replays the first response for a repeated key, and stores nothing", async () => {
    await using service = await startOrderService();
    const first = await post(service, "k-1");
    const second = await post(service, "k-1");
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.json()).toEqual(await first.json());
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(first.headers.has("idempotent-replayed")).toBe(false);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(await countOrders(service)).toBe(1);
  });

  test("replays the order as it was placed, with its present ETag and without a user check", async () => {
    let users = usersAll("exists");
    await using service = await startOrderService({ users: { check: (id) => users.check(id) } });
    const placed = await placeOrder(service, wish, keyed("k-1"));
    const change = { method: "PATCH", json: { status: "confirmed" } };
    const changed = await service.request(`/orders/${placed.id}`, change);
    users = { check: () => Promise.reject(new Error("was checked")) };
    const replay = await post(service, "k-1");
    expect(await replay.json()).toEqual(placed);
    expect(replay.headers.get("etag")).toBe(changed.headers.get("etag"));
    expect(await countOrders(service)).toBe(1);
  });

  test("replays for a body that is the same after normalisation", async () => {
    await using service = await startOrderService();
    const placed = await placeOrder(service, wish, keyed("k-1"));
    const respelled = {
      extra: true,
      items: wish.items.map((item) => ({ ...item, sku: ` ${item.sku} ` })),
      user_id: userId.toUpperCase(),
    };
    expect(await placeOrder(service, respelled, keyed("k-1"))).toEqual(placed);
  });

  test("takes a bare and a quoted key for the same key", async () => {
    await using service = await startOrderService();
    const placed = await placeOrder(service, wish, keyed("k-1"));
    expect(await placeOrder(service, wish, keyed('"k-1"'))).toEqual(placed);
    expect((await placeOrder(service, wish, keyed("k-2"))).id).not.toBe(placed.id);
  });

  test("refuses another body with a used key", async () => {
    await using service = await startOrderService();
    await placeOrder(service, wish, keyed("k-1"));
    const detail = "This Idempotency-Key was used with another body";
    const refused = await bodyOf(await post(service, "k-1", otherWish));
    expect(refused).toMatchObject({ status: 422, detail });
    expect(await countOrders(service)).toBe(1);
  });

  test("asks a client to retry while its first request is in progress", async () => {
    const { call: check, called, finish } = heldCall<UserCheck>();
    await using service = await startOrderService({ users: { check } });
    const first = post(service, "k-1");
    await called;
    const repeat = await post(service, "k-1");
    expect(repeat.status).toBe(409);
    expect(repeat.headers.get("retry-after")).toBe("1");
    expect((await post(service, "k-1", otherWish)).status).toBe(422);
    finish("exists");
    expect((await first).status).toBe(201);
    expect((await first).headers.has("idempotent-replayed")).toBe(false);
    expect(await countOrders(service)).toBe(1);
  });

  test("stores one order for many requests at once with one key", async () => {
    await using service = await startOrderService();
    const responses = await Promise.all(Array.from({ length: 30 }, () => post(service, "k-1")));
    expect(responses.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(await countOrders(service)).toBe(1);
    expect((await post(service, "k-1")).headers.get("idempotent-replayed")).toBe("true");
  });

  const tooLong = "x".repeat(256);
  test.each(["", tooLong, "a b", '"abc', '""', "caf\u00e9"])("refuses the key %j", async (key) => {
    await using service = await startOrderService();
    expect((await post(service, key)).status).toBe(400);
    expect(await countOrders(service)).toBe(0);
  });

  test("accepts a key of 255 characters", async () => {
    await using service = await startOrderService();
    const key = "~".repeat(255);
    const placed = await placeOrder(service, wish, keyed(key));
    expect(await placeOrder(service, wish, keyed(`"${key}"`))).toEqual(placed);
  });

  test("refuses two Idempotency-Key headers", async () => {
    await using service = await startOrderService();
    const response = await fetch(`${service.url}/orders`, {
      method: "POST",
      headers: [
        ["content-type", "application/json"],
        ["idempotency-key", "a"],
        ["idempotency-key", "b"],
      ],
      body: JSON.stringify(wish),
    });
    expect(response.status).toBe(400);
  });
});
