// The token that order-service sends to user-service, and what becomes of an order where it is refused.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bodyOf } from "@platform/shared/testing/running-service";
import { temporaryFolder, type TemporaryFolder } from "@platform/shared/testing/temporary-folder";
import { bearer, testIssuer } from "@platform/shared/testing/test-issuer";
import { startUserService } from "@platform/user-service/test/user-service";
import {
  attempts,
  circuitState,
  directoryOn,
  fakeUserService,
  userOf,
  type Respond,
} from "../fake-user-service.ts";
import { startOrderService, userId, wish } from "../order-service.ts";

let folder: TemporaryFolder;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "token");
});
afterEach(() => folder[Symbol.asyncDispose]());

/** order-service with the token "first", whose user-service responds like this. */
function start(userService: Respond, options: { timeoutMs?: number } = {}) {
  writeFileSync(path, "first");
  return startOrderService({ userService, tokenFile: { path, token: "first" }, ...options });
}

type Service = Awaited<ReturnType<typeof startOrderService>>;

const place = (service: Service, headers: Record<string, string> = {}) =>
  service.request("/orders", { json: wish, headers });

const sentTo = ({ userRequests }: Service) =>
  userRequests.map(({ headers }) => headers.get("authorization"));

/** user-service's response to a request for one user, or for several. */
function found({ url }: Request): Response {
  const ids = new URL(url).searchParams.get("ids");
  return Response.json(ids === null ? userOf(userId) : ids.split(",").map(userOf));
}

/** A user-service that accepts one token. */
const accepting = (token: string): Respond => {
  return (request) =>
    request.headers.get("authorization") === `Bearer ${token}`
      ? found(request)
      : new Response(null, { status: 401 });
};

const failed = { status: 502, code: "user-check-failed", detail: "Failed to validate user" };

describe("POST /orders with a token of order-service", () => {
  test("sends it in place of the caller's own, also in retries and for several callers", async () => {
    let count = 0;
    await using service = await start((request) =>
      count++ === 0 ? new Response(null, { status: 503 }) : found(request),
    );
    const callers = Array.from({ length: 20 }, (_, n) => place(service, bearer(`caller-${n}`)));
    for (const { status } of await Promise.all(callers)) expect(status).toBe(201);
    expect(sentTo(service).length).toBeGreaterThan(1);
    expect(new Set(sentTo(service))).toEqual(new Set(["Bearer first"]));
  });

  test("reads the file again if user-service refuses the token, and repeats the call once", async () => {
    await using service = await start(accepting("second"));
    writeFileSync(path, "second\n");
    expect((await place(service)).status).toBe(201);
    expect(sentTo(service)).toEqual(["Bearer first", "Bearer second"]);
    expect(await service.metric(attempts("401"))).toBe(1);
    expect(await service.metric(attempts("200"))).toBe(1);
    expect((await place(service)).status).toBe(201);
    expect(sentTo(service)).toHaveLength(3);
  });

  test("is 502 after two calls if the token is still refused, and the circuit stays closed", async () => {
    await using service = await start(accepting("other"));
    const response = await place(service);
    expect(response.headers.has("www-authenticate")).toBe(false);
    expect(await bodyOf(response)).toMatchObject(failed);
    expect(sentTo(service)).toEqual(["Bearer first", "Bearer first"]);
    for (let n = 1; n < 6; n += 1) {
      expect(await bodyOf(await place(service))).toMatchObject(failed);
    }
    expect(await service.metric(attempts("401"))).toBe(12);
    expect(await service.metric(circuitState)).toBe(0);
    expect(await service.metric(attempts("circuit_open"))).toBe(0);
    const told = service.lines.filter(({ msg }) => msg === "calls are refused");
    expect(told).toEqual([
      expect.objectContaining({
        level: "warn",
        upstream: "user-service",
        status: 401,
        remedy: expect.stringContaining("AUTH_SERVICE_SUBJECT"),
      }),
    ]);
    expect(JSON.stringify(service.lines)).not.toContain("first");
  });

  test("is 502 after one call if user-service forbids it", async () => {
    await using service = await start(() => new Response(null, { status: 403 }));
    expect(await bodyOf(await place(service))).toMatchObject(failed);
    expect(sentTo(service)).toHaveLength(1);
    expect(await service.metric(attempts("403"))).toBe(1);
    expect(await service.metric(circuitState)).toBe(0);
    expect(await service.logged("calls are refused")).toMatchObject({
      status: 403,
      remedy: expect.stringContaining("users:read"),
    });
  });

  test("goes on with retries after the repeated call, and repeats for no second refusal", async () => {
    const statuses = [503, 401, 503];
    await using service = await start((request) => {
      const status = statuses.shift();
      return status === undefined ? found(request) : new Response(null, { status });
    });
    expect(await bodyOf(await place(service))).toMatchObject({ status: 503 });
    expect(service.userRequests).toHaveLength(3);
    statuses.splice(0, 3, 503, 503, 401);
    expect((await place(service)).status).toBe(201);
    expect(service.userRequests).toHaveLength(7);
    statuses.splice(0, 3, 503, 503, 401, 503);
    expect(await bodyOf(await place(service))).toMatchObject({ status: 503 });
    expect(service.userRequests).toHaveLength(11);
  });
});

describe("UserDirectory.check() of many users at once", () => {
  test.each([
    [401, 2],
    [403, 1],
  ])("asks for none alone if user-service refuses the batch with %i", async (status, calls) => {
    const { fetch, requests } = fakeUserService(() => new Response(null, { status }));
    const token = { authorization: "Bearer first", reload() {} };
    const { checkAll } = directoryOn(fetch, { token });
    const ids = Array.from({ length: 20 }, (_, n) => `${userId.slice(0, -2)}${n + 10}`);
    expect(await checkAll(ids)).toEqual(ids.map(() => "failed"));
    expect(requests.map(({ url }) => new URL(url).pathname)).toEqual(Array(calls).fill("/users"));
  });
});

describe("POST /orders without a token of order-service", () => {
  test("sends none, and is 502 after one call where user-service wants one", async () => {
    await using service = await startOrderService({ userService: accepting("any") });
    expect(await bodyOf(await place(service, bearer("caller")))).toMatchObject(failed);
    expect(sentTo(service)).toEqual([null]);
    expect(await service.logged("calls are refused")).toMatchObject({
      remedy: expect.stringContaining("set USER_SERVICE_TOKEN_FILE"),
    });
  });
});

describe("POST /orders with a user-service that knows the issuer of order-service's token", () => {
  test("needs its subject and audience, whatever scopes the token has", async () => {
    await using clients = await testIssuer();
    await using cluster = await testIssuer({ issuer: "https://cluster.test" });
    const { issuer, jwks } = cluster;
    const sub = "system:serviceaccount:shop:order-service";
    await using users = await startUserService({
      auth: clients.environment(),
      callingService: { issuer, jwks, subject: sub, scopes: ["users:read"] },
    });
    const scope = "users:read users:write";
    const headers = bearer(await clients.token({ scope }));
    const alice = { name: "Alice", email: "alice@example.com" };
    const created = await users.request("/users", { json: alice, headers });
    const { id: user_id } = await bodyOf<{ id: string }>(created);
    const tokens: [number, string][] = [
      [201, await cluster.token({ sub })],
      [201, await clients.token({ scope })],
      [502, await cluster.token({ sub: sub.replace("shop", "other"), scope })],
      [502, await cluster.token({ sub, aud: "order-service" })],
      [502, await cluster.token({ sub, exp: 1 })],
      [502, await clients.token({ scope: "orders:read" })],
    ];
    for (const [status, token] of tokens) {
      writeFileSync(path, token);
      await using service = await startOrderService({
        userService: users.url,
        tokenFile: { path, token },
      });
      const placed = await service.request("/orders", { json: { ...wish, user_id } });
      expect(placed.status).toBe(status);
    }
  });
});
