// What callers may do in order-service, where authentication is on.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bodyOf, type RunningService, type Sent } from "@platform/shared/testing/running-service";
import { bearer, testIssuer, type TestIssuer } from "@platform/shared/testing/test-issuer";
import type { Order } from "../src/orders/order.ts";
import { orderServices, startOrderService, userId, wish } from "./order-service.ts";

let issuer: TestIssuer;
beforeAll(async () => void (issuer = await testIssuer()));
afterAll(() => issuer[Symbol.asyncDispose]());

const otherUser = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";
const all = ["orders:read", "orders:write", "orders:fulfil"];
const everything = all.join(" ");

/** The variables of a service in which the claim `user_id` makes a caller a person. */
const guarded = (further: Record<string, string> = {}) =>
  issuer.environment({ AUTH_USER_CLAIM: "user_id", ...further });

/** The field of a program's token, or of a person's. */
const as = async (scope: string, user_id?: string) =>
  bearer(await issuer.token({ scope, ...(user_id === undefined ? {} : { user_id }) }));

/** Places an order of a user as a program. */
async function place({ request }: RunningService, user_id = userId): Promise<Order> {
  const headers = await as("orders:write");
  return bodyOf<Order>(await request("/orders", { json: { ...wish, user_id }, headers }));
}

const routes = (id: string): readonly (readonly [string, Sent, string])[] => [
  ["/orders", {}, "orders:read"],
  ["/orders", { method: "HEAD" }, "orders:read"],
  [`/orders/${id}`, {}, "orders:read"],
  [`/orders/${id}`, { method: "HEAD" }, "orders:read"],
  ["/orders", { json: wish }, "orders:write"],
];

const change = (status: string, headers: Record<string, string> = {}) => ({
  method: "PATCH",
  json: { status },
  headers,
});

describe("Every route of order-service", () => {
  test("needs a token, and the scope of its method", async () => {
    await using service = await startOrderService({ auth: guarded() });
    const { id } = await place(service);
    for (const [path, sent, scope] of routes(id)) {
      expect((await service.request(path, sent)).status).toBe(401);
      const others = all.filter((one) => one !== scope).join(" ");
      const refused = await service.request(path, { ...sent, headers: await as(others) });
      expect(refused.status).toBe(403);
      expect(refused.headers.get("www-authenticate")).toBe(
        `Bearer realm="order-service", error="insufficient_scope", scope="${scope}"`,
      );
      const { ok } = await service.request(path, { ...sent, headers: await as(scope) });
      expect(ok).toBe(true);
    }
  });

  test("needs none where authentication is off or only observes, whatever is sent", async () => {
    for (const auth of [{}, guarded({ AUTH_MODE: "observe" })]) {
      await using service = await startOrderService({ auth });
      const { id } = await place(service);
      for (const headers of [{}, bearer("forged"), await as("", otherUser)]) {
        for (const [path, sent] of routes(id)) {
          expect((await service.request(path, { ...sent, headers })).ok).toBe(true);
        }
        const pending = await service.request(`/orders/${id}`, change("pending", headers));
        expect(pending.status).toBe(200);
      }
    }
  });
});

describe("PATCH /orders/{id} with authentication", () => {
  test("needs orders:write to cancel, and orders:fulfil for every other status", async () => {
    await using service = await startOrderService({ auth: guarded() });
    for (const status of ["pending", "confirmed", "shipped", "delivered", "cancelled"]) {
      const { id } = await place(service);
      const needed = status === "cancelled" ? "orders:write" : "orders:fulfil";
      const others = all.filter((one) => one !== needed).join(" ");
      // Before existence, precondition and the rules of the domain.
      for (const path of [`/orders/${id}`, `/orders/${otherUser}`]) {
        const headers = { ...(await as(others)), "if-match": '"none"' };
        const refused = await service.request(path, change(status, headers));
        expect(refused.status).toBe(403);
        expect(refused.headers.get("www-authenticate")).toEndWith(`scope="${needed}"`);
      }
      const path = `/orders/${id}`;
      const allowed = await service.request(path, change(status, await as(needed)));
      expect(allowed.status).toBe(["shipped", "delivered"].includes(status) ? 409 : 200);
    }
    expect(await service.metric('auth_total{outcome="insufficient-scope"}')).toBe(10);
    expect(await service.metric('auth_total{outcome="ok"}')).toBe(10);
  });

  test("refuses a caller with neither scope before it reads the body, and names both", async () => {
    await using service = await startOrderService({ auth: guarded() });
    const headers = { ...(await as("orders:read")), "content-type": "text/plain" };
    const sent = { method: "PATCH", body: "{", headers };
    const response = await service.request(`/orders/${otherUser}`, sent);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toEndWith(
      'scope="orders:write orders:fulfil"',
    );
  });

  test("checks the body before the scope that depends on it", async () => {
    await using service = await startOrderService({ auth: guarded() });
    const sent = change("lost", await as("orders:write"));
    expect((await service.request(`/orders/${otherUser}`, sent)).status).toBe(422);
  });

  test("only counts a missing scope where authentication only observes", async () => {
    await using service = await startOrderService({ auth: guarded({ AUTH_MODE: "observe" }) });
    const { id } = await place(service);
    const sent = change("confirmed", await as("orders:write"));
    expect((await service.request(`/orders/${id}`, sent)).status).toBe(200);
    expect(await service.metric('auth_total{outcome="insufficient-scope"}')).toBe(1);
  });
});

describe.each(orderServices)("A person in order-service on %s", (_, start) => {
  test("places its own orders, and none of another user", async () => {
    await using service = await start({ auth: guarded() });
    const headers = await as("orders:write", userId.toUpperCase());
    const post = (user_id: string, further: Record<string, string> = {}) =>
      service.request("/orders", {
        json: { ...wish, user_id },
        headers: { ...headers, ...further },
      });
    expect((await post(userId)).status).toBe(201);
    expect((await post(userId.toUpperCase())).status).toBe(201);
    const refused = await post(otherUser, { "idempotency-key": "a b" });
    expect(refused.status).toBe(403);
    expect(await bodyOf(refused)).toMatchObject({ code: "forbidden" });
    expect((await post("someone")).status).toBe(422);
  });

  test("lists its own orders alone, on every page", async () => {
    await using service = await start({ auth: guarded() });
    const own = [await place(service), await place(service)];
    const other = await place(service, otherUser);
    const list = async (query: string, headers: Record<string, string>) => {
      const found: Order[] = [];
      for (let path: string | undefined = `/orders${query}`; path !== undefined;) {
        const response = await service.request(path, { headers });
        found.push(...(await bodyOf<Order[]>(response)));
        path = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1];
      }
      return found.map(({ id }) => id);
    };
    const person = await as("orders:read", userId);
    const ids = own.map(({ id }) => id);
    expect(await list("?limit=1", person)).toEqual(ids);
    expect(await list("?limit=1&sort=-created_at&status=pending", person)).toEqual(
      ids.toReversed(),
    );
    expect(await list(`?user_id=${userId.toUpperCase()}`, person)).toHaveLength(2);
    expect(await list("", await as("orders:read", otherUser))).toEqual([other.id]);
    expect(await list("", await as("orders:read"))).toHaveLength(3);
    const refused = await service.request(`/orders?user_id=${otherUser}`, { headers: person });
    expect(refused.status).toBe(403);
    expect(await bodyOf(refused)).toMatchObject({ code: "forbidden" });
  });

  test("finds no order of another user, whatever the precondition, and changes none", async () => {
    await using service = await start({ auth: guarded() });
    const own = await place(service);
    const other = await place(service, otherUser);
    const headers = await as(everything, userId);
    for (const sent of [
      { headers: { ...headers, "if-none-match": "*" } },
      change("cancelled", headers),
      change("confirmed", { ...headers, "if-match": '"none"' }),
    ]) {
      const response = await service.request(`/orders/${other.id}`, sent);
      expect(response.status).toBe(404);
      expect(await bodyOf(response)).toMatchObject({ code: "order-not-found" });
    }
    const stale = change("cancelled", { ...headers, "if-match": '"none"' });
    expect((await service.request(`/orders/${own.id}`, stale)).status).toBe(412);
    const cancelled = await service.request(`/orders/${own.id}`, change("cancelled", headers));
    expect(await bodyOf<Order>(cancelled)).toMatchObject({ status: "cancelled" });
    const seen = await service.request(`/orders/${other.id}`, { headers: await as("orders:read") });
    expect(await bodyOf<Order>(seen)).toEqual(other);
  });
});

describe.each(orderServices)("An Idempotency-Key on %s", (_, start) => {
  test("is its caller's: the same key of another one is another order", async () => {
    await using service = await start({ auth: guarded() });
    const post = async (claims: Record<string, string>) => {
      const token = await issuer.token({ scope: "orders:write", ...claims });
      const headers = { ...bearer(token), "idempotency-key": "k" };
      const response = await service.request("/orders", { json: wish, headers });
      return (await bodyOf<Order>(response)).id;
    };
    const [first, repeat, other] = [
      await post({ sub: "shop" }),
      await post({ sub: "shop", client_id: "second instance" }),
      await post({ sub: "till" }),
    ];
    expect(repeat).toBe(first);
    expect(other).not.toBe(first);
  });

  test("is bound to no caller where authentication only observes", async () => {
    await using service = await start({ auth: guarded({ AUTH_MODE: "observe" }) });
    const post = async (sub: string) => {
      const token = await issuer.token({ scope: "orders:write", sub });
      const headers = { ...bearer(token), "idempotency-key": "k" };
      const response = await service.request("/orders", { json: wish, headers });
      return (await bodyOf<Order>(response)).id;
    };
    expect(await post("shop")).toBe(await post("till"));
  });
});

test("A look-up of a user never carries the token of the caller", async () => {
  const sent: (string | null)[] = [];
  await using service = await startOrderService({
    auth: guarded(),
    userService({ headers }) {
      sent.push(headers.get("authorization"));
      return Response.json({ id: userId, name: "Alice", email: "alice@example.com" });
    },
  });
  await Promise.all([place(service), place(service)]);
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.every((field) => field === null)).toBe(true);
});
