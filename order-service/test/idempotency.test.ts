import { describe, expect, test } from "bun:test";
import {
  countOrders,
  heldUserCheck,
  placeOrder,
  startOrderService,
  userId,
  usersAll,
  wish,
} from "./order-service.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

describe("POST /orders with an Idempotency-Key", () => {
  test("replays the first response for a repeated key, and stores nothing", async () => {
    await using service = await startOrderService();
    const first = await service.request("/orders", { json: wish, ...keyed("k-1") });
    const second = await service.request("/orders", { json: wish, ...keyed("k-1") });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.json()).toEqual(await first.json());
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(first.headers.has("idempotent-replayed")).toBe(false);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(await countOrders(service)).toBe(1);
  });

  test("replays the order as it was placed, with its present ETag", async () => {
    await using service = await startOrderService();
    const placed = await placeOrder(service, wish, keyed("k-1"));
    const changed = await service.request(`/orders/${placed.id}`, {
      method: "PATCH",
      json: { status: "confirmed" },
    });
    const replay = await service.request("/orders", { json: wish, ...keyed("k-1") });
    expect(await replay.json()).toEqual(placed);
    expect(replay.headers.get("etag")).toBe(changed.headers.get("etag"));
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
    const other = { ...wish, items: wish.items.slice(1) };
    const response = await service.request("/orders", { json: other, ...keyed("k-1") });
    expect(response.status).toBe(422);
    expect(await countOrders(service)).toBe(1);
  });

  test("asks a client to retry while its first request is in progress", async () => {
    const { users, started, finish } = heldUserCheck();
    await using service = await startOrderService({ users });
    const first = service.request("/orders", { json: wish, ...keyed("k-1") });
    await started;
    const repeat = await service.request("/orders", { json: wish, ...keyed("k-1") });
    expect(repeat.status).toBe(409);
    expect(repeat.headers.get("retry-after")).toBe("1");
    const other = await service.request("/orders", {
      json: { ...wish, items: wish.items.slice(1) },
      ...keyed("k-1"),
    });
    expect(other.status).toBe(422);
    finish("exists");
    expect((await first).status).toBe(201);
    expect(await countOrders(service)).toBe(1);
  });

  test.each(["unknown", "unavailable", "failed"] as const)(
    "accepts a key again at once after a request that stored nothing (user check: %s)",
    async (check) => {
      let users = usersAll(check);
      await using service = await startOrderService({ users: { check: (id) => users.check(id) } });
      const refused = await service.request("/orders", { json: wish, ...keyed("k-1") });
      expect(refused.status).toBeGreaterThanOrEqual(400);
      await service.storage.write(() => undefined); // the release, if it took longer than the refusal waited
      users = usersAll("exists");
      const other = { ...wish, items: wish.items.slice(1) };
      expect(await placeOrder(service, other, keyed("k-1"))).toMatchObject({ total_amount: 5.5 });
    },
  );

  test("stores one order for many requests at once with one key", async () => {
    await using service = await startOrderService();
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => service.request("/orders", { json: wish, ...keyed("k-1") })),
    );
    expect(responses.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(await countOrders(service)).toBe(1);
    const replay = await service.request("/orders", { json: wish, ...keyed("k-1") });
    expect(replay.headers.get("idempotent-replayed")).toBe("true");
  });

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(256)],
    ["two words", "a b"],
    ["unclosed in its quote", '"abc'],
    ["an empty string", '""'],
    ["not ASCII", "caf\u00e9"],
  ])("refuses a key that is %s", async (_, key) => {
    await using service = await startOrderService();
    const response = await service.request("/orders", { json: wish, ...keyed(key) });
    expect(response.status).toBe(400);
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
