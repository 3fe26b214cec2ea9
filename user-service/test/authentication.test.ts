// What callers may do in user-service, where authentication is on.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bodyOf, type RunningService, type Sent } from "@platform/shared/testing/running-service";
import { bearer, testIssuer, type TestIssuer } from "@platform/shared/testing/test-issuer";
import type { User } from "../src/users/user.ts";
import { startUserService, userServices } from "./user-service.ts";

let issuer: TestIssuer;
let platform: TestIssuer;
beforeAll(async () => {
  issuer = await testIssuer();
  platform = await testIssuer({ issuer: "https://platform.test" });
});
afterAll(async () => {
  await issuer[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const unknownId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const everything = "users:read users:write";
const both = { "if-match": '"none"' };

/** The variables of a service in which the claim `user_id` makes a caller a person. */
const guarded = (further: Record<string, string> = {}) =>
  issuer.environment({ AUTH_USER_CLAIM: "user_id", ...further });

/** The field of a program's token, or of a person's. */
const as = async (scope: string, user_id?: string) =>
  bearer(await issuer.token({ scope, ...(user_id === undefined ? {} : { user_id }) }));

/** Creates a user as a program. */
async function create({ request }: RunningService, name: string): Promise<User> {
  const json = { name, email: `${name}@example.com` };
  return bodyOf<User>(await request("/users", { json, headers: await as("users:write") }));
}

const routes = (id: string): readonly (readonly [string, Sent, string])[] => [
  ["/users", {}, "users:read"],
  ["/users", { method: "HEAD" }, "users:read"],
  [`/users/${id}`, {}, "users:read"],
  [`/users/${id}`, { method: "HEAD" }, "users:read"],
  ["/users", { json: { name: "Bob", email: "bob@example.com" } }, "users:write"],
  [`/users/${id}`, { method: "PUT", json: {} }, "users:write"],
  [`/users/${id}`, { method: "PATCH", json: {} }, "users:write"],
  [`/users/${id}`, { method: "DELETE" }, "users:write"],
];

describe("Every route of user-service", () => {
  test("needs a token, and the scope of its method", async () => {
    await using service = await startUserService({ auth: guarded() });
    const { id } = await create(service, "alice");
    for (const [path, sent, scope] of routes(id)) {
      const other = everything.replace(scope, "orders:read");
      expect((await service.request(path, sent)).status).toBe(401);
      const refused = await service.request(path, { ...sent, headers: await as(other) });
      expect(refused.status).toBe(403);
      expect(refused.headers.get("www-authenticate")).toBe(
        `Bearer realm="user-service", error="insufficient_scope", scope="${scope}"`,
      );
    }
    for (const [path, sent, scope] of routes(id)) {
      const { ok } = await service.request(path, { ...sent, headers: await as(scope) });
      expect(ok).toBe(true);
    }
  });

  test("needs none where authentication is off or only observes, whatever is sent", async () => {
    for (const auth of [{}, guarded({ AUTH_MODE: "observe" })]) {
      await using service = await startUserService({ auth });
      const { id } = await create(service, "alice");
      for (const [path, sent] of routes(id)) {
        for (const headers of [{}, bearer("forged"), await as("", unknownId)]) {
          if (sent.method === "DELETE" || sent.json !== undefined) continue;
          expect((await service.request(path, { ...sent, headers })).ok).toBe(true);
        }
      }
    }
  });
});

describe.each(userServices)("A person in user-service on %s", (_, start) => {
  test("sees and changes itself", async () => {
    await using service = await start({ auth: guarded() });
    const { id } = await create(service, "alice");
    const path = `/users/${id.toUpperCase()}`;
    const headers = await as(everything, id.toUpperCase());
    expect((await service.request(path, { headers })).status).toBe(200);
    const renamed = await service.request(path, { method: "PUT", json: { name: "Al" }, headers });
    expect(await bodyOf<User>(renamed)).toMatchObject({ id, name: "Al" });
    expect((await service.request(path, { method: "DELETE", headers })).status).toBe(204);
    expect((await service.request(path, { headers })).status).toBe(404);
  });

  test("finds no other user, whatever the precondition, and changes none", async () => {
    await using service = await start({ auth: guarded() });
    const alice = await create(service, "alice");
    const bob = await create(service, "bob");
    const headers = await as(everything, alice.id);
    for (const id of [bob.id, bob.id.toUpperCase(), unknownId]) {
      const path = `/users/${id}`;
      for (const sent of [
        { headers: { ...headers, "if-none-match": "*" } },
        { method: "HEAD", headers },
        { method: "PATCH", json: { name: "Mallory" }, headers },
        { method: "PUT", json: { name: "Mallory" }, headers: { ...headers, ...both } },
        { method: "DELETE", headers: { ...headers, ...both } },
      ]) {
        const response = await service.request(path, sent);
        expect(response.status).toBe(404);
        if (sent.method === "HEAD") continue;
        expect(await bodyOf(response)).toMatchObject({ code: "user-not-found" });
      }
    }
    const seen = await service.request(`/users/${bob.id}`, { headers: await as("users:read") });
    expect(await bodyOf<User>(seen)).toEqual(bob);
  });

  test("lists only itself, by every filter and in every order", async () => {
    await using service = await start({ auth: guarded() });
    const alice = await create(service, "alice");
    const bob = await create(service, "bob");
    const headers = await as("users:read", alice.id);
    const list = async (query: string) => {
      const response = await service.request(`/users${query}`, { headers });
      expect(response.headers.get("link")).toBeNull();
      return bodyOf<User[]>(response);
    };
    for (const sort of ["name", "-name", "created_at", "-created_at"]) {
      expect(await list(`?sort=${sort}&limit=1`)).toEqual([alice]);
    }
    expect(await list(`?ids=${bob.id},${alice.id}`)).toEqual([alice]);
    expect(await list(`?ids=${bob.id}`)).toEqual([]);
    expect(await list("?email=alice@example.com")).toEqual([alice]);
    expect(await list("?email=bob@example.com")).toEqual([]);
    expect(await list("?created_after=2020-01-01T00:00:00Z")).toEqual([alice]);
  });

  test("creates no user, and its body is not read", async () => {
    await using service = await start({ auth: guarded() });
    const { id } = await create(service, "alice");
    const headers = { ...(await as(everything, id)), "content-type": "text/plain" };
    const response = await service.request("/users", { body: "{", headers });
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(await bodyOf(response)).toMatchObject({ code: "forbidden" });
    expect(await service.metric('auth_total{outcome="ok"}')).toBe(2);
  });

  test("is refused where its id cannot be read, and never counts as a program", async () => {
    await using service = await start({ auth: guarded() });
    const response = await service.request("/users", { headers: await as("users:read", "alice") });
    expect(response.status).toBe(401);
    expect(await bodyOf(response)).toMatchObject({ code: "invalid-token" });
  });
});

describe.each(userServices)("An Idempotency-Key on %s", (_, start) => {
  test("is its caller's: the same key of another one is another key", async () => {
    await using service = await start({ auth: guarded() });
    const post = async (sub: string, name: string) => {
      const token = await issuer.token({ sub, scope: "users:write" });
      const headers = { ...bearer(token), "idempotency-key": "k" };
      const json = { name, email: `${name}@example.com` };
      return service.request("/users", { json, headers });
    };
    const first = await post("shop", "alice");
    const repeat = await post("shop", "alice");
    expect(repeat.headers.get("idempotent-replayed")).toBe("true");
    expect(await bodyOf<User>(repeat)).toEqual(await bodyOf<User>(first));
    const other = await post("back office", "bob");
    expect(other.status).toBe(201);
    expect(other.headers.get("idempotent-replayed")).toBeNull();
    expect((await post("back office", "alice")).status).toBe(422);
  });

  test("of a caller is stored without the caller's name", async () => {
    await using service = await start({ auth: guarded() });
    const token = await issuer.token({ sub: "secret-subject", scope: "users:write" });
    const headers = { ...bearer(token), "idempotency-key": "k" };
    const json = { name: "alice", email: "alice@example.com" };
    await service.request("/users", { json, headers });
    const keys = JSON.stringify(await service.query("SELECT key FROM idempotency_keys"));
    expect(keys).toMatch(/"[\w-]{43} k"/);
  });
});

describe("Another service in user-service", () => {
  const callingService = () => ({
    issuer: platform.issuer,
    jwks: platform.jwks,
    subject: "order-service",
    scopes: ["users:read"],
  });

  test("looks users up with its own token, and does nothing else, whatever the token says", async () => {
    await using service = await startUserService({
      auth: guarded({ AUTH_USER_CLAIM: "sub" }),
      callingService: callingService(),
    });
    const claims = { sub: "order-service", scope: everything };
    const headers = bearer(await platform.token(claims));
    const wrong = bearer(await platform.token({ ...claims, sub: "other-service" }));
    for (const [path, sent, scope] of routes(unknownId)) {
      const { status } = await service.request(path, { ...sent, headers });
      expect(status).toBe(scope === "users:write" ? 403 : path === "/users" ? 200 : 404);
      expect((await service.request(path, { ...sent, headers: wrong })).status).toBe(401);
    }
    expect(await service.metric('auth_total{outcome="wrong-subject"}')).toBe(8);
  });

  test("is unknown where no such issuer is configured", async () => {
    await using service = await startUserService({ auth: guarded() });
    const headers = bearer(await platform.token({ sub: "order-service" }));
    expect((await service.request("/users", { headers })).status).toBe(401);
    expect(await service.metric('auth_total{outcome="wrong-issuer"}')).toBe(1);
  });
});
