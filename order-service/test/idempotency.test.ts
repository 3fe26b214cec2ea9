import { describe, expect, test } from "bun:test";
import type { UserCheck } from "../src/user-service/user-directory.ts";
import {
  answering,
  countOrders,
  placeOrder,
  startOrderService,
  userId,
  wish,
} from "./order-service.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

/** A directory that answers when it is told to. */
function waiting() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<UserCheck>();
  const check = () => {
    asked.resolve();
    return answer.promise;
  };
  return { users: { check }, asked: asked.promise, answer: answer.resolve };
}

describe("Idempotency-Key", () => {
  test("a repeated request gets the first answer again and stores nothing", async () => {
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

  test("a replay tells the order as it was placed, with the tag that it has now", async () => {
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

  test("the same body is the same after normalisation, not the same bytes", async () => {
    await using service = await startOrderService();
    const placed = await placeOrder(service, wish, keyed("k-1"));
    const respelled = {
      extra: true,
      items: wish.items.map((item) => ({ ...item, sku: ` ${item.sku} ` })),
      user_id: userId.toUpperCase(),
    };
    expect(await placeOrder(service, respelled, keyed("k-1"))).toEqual(placed);
  });

  test("bare and quoted, a key is the same key", async () => {
    await using service = await startOrderService();
    const placed = await placeOrder(service, wish, keyed("k-1"));
    expect(await placeOrder(service, wish, keyed('"k-1"'))).toEqual(placed);
    expect((await placeOrder(service, wish, keyed("k-2"))).id).not.toBe(placed.id);
  });

  test("another body with a used key is refused", async () => {
    await using service = await startOrderService();
    await placeOrder(service, wish, keyed("k-1"));
    const other = { ...wish, items: wish.items.slice(1) };
    const response = await service.request("/orders", { json: other, ...keyed("k-1") });
    expect(response.status).toBe(422);
    expect(await countOrders(service)).toBe(1);
  });

  test("while the first request is at work, a repeat is told to come back", async () => {
    const { users, asked, answer } = waiting();
    await using service = await startOrderService({ users });
    const first = service.request("/orders", { json: wish, ...keyed("k-1") });
    await asked;
    const repeat = await service.request("/orders", { json: wish, ...keyed("k-1") });
    expect(repeat.status).toBe(409);
    expect(repeat.headers.get("retry-after")).toBe("1");
    const other = await service.request("/orders", {
      json: { ...wish, items: wish.items.slice(1) },
      ...keyed("k-1"),
    });
    expect(other.status).toBe(422);
    answer("exists");
    expect((await first).status).toBe(201);
    expect(await countOrders(service)).toBe(1);
  });

  test.each(["unknown", "unavailable", "failed"] as const)(
    "a request that stored nothing (%s) can be repeated at once with its key",
    async (answer) => {
      let users = answering(answer);
      await using service = await startOrderService({ users: { check: (id) => users.check(id) } });
      const refused = await service.request("/orders", { json: wish, ...keyed("k-1") });
      expect(refused.status).toBeGreaterThanOrEqual(400);
      users = answering("exists");
      const other = { ...wish, items: wish.items.slice(1) };
      expect(await placeOrder(service, other, keyed("k-1"))).toMatchObject({ total_amount: 5.5 });
    },
  );

  test("of many requests at once with one key, one stores an order", async () => {
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
    ["with a blank", "a b"],
    ["with an unclosed quote", '"abc'],
    ["an empty string", '""'],
    ["not ASCII", "caf\u00e9"],
  ])("a key that is %s is refused", async (_, key) => {
    await using service = await startOrderService();
    const response = await service.request("/orders", { json: wish, ...keyed(key) });
    expect(response.status).toBe(400);
    expect(await countOrders(service)).toBe(0);
  });

  test("the longest key works", async () => {
    await using service = await startOrderService();
    const key = "~".repeat(255);
    const placed = await placeOrder(service, wish, keyed(key));
    expect(await placeOrder(service, wish, keyed(`"${key}"`))).toEqual(placed);
  });

  test("two key fields are refused", async () => {
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
