import { describe, expect, jest, test } from "bun:test";
import { connect } from "node:net";
import { Type } from "@sinclair/typebox";
import { Elysia, type AnyElysia } from "elysia";
import type { Authenticator } from "../../src/auth/authenticator.ts";
import { guard } from "../../src/auth/guard.ts";
import { problems } from "../../src/http/route-problems.ts";
import { routeDocs } from "../../src/openapi/route-docs.ts";
import { checkRoutes, serviceApp, type ServiceParts } from "../../src/service/service-app.ts";
import { Registry } from "../../src/telemetry/prometheus.ts";
import { checkedCaller, openContext } from "../../src/telemetry/request-context.ts";
import {
  bodyOf,
  metricIn,
  startService,
  type RunningService,
  type Sent,
} from "../../testing/running-service.ts";
import { temporaryStorage } from "../../testing/temporary-storage.ts";
import { startSample } from "../../testing/sample-service.ts";
import { bearer, issuerKey, testIssuer, type TestIssuer } from "../../testing/test-issuer.ts";

const noteId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const notePath = `/notes/${noteId}`;
const userId = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";

type SampleOptions = Parameters<typeof startSample>[0];

/** An issuer, and a service that trusts it. */
async function startGuarded(variables: Record<string, string> = {}, options: SampleOptions = {}) {
  const issuer = await testIssuer();
  const service = await startSample({ auth: issuer.environment(variables), ...options });
  return {
    issuer,
    service,
    /** Asks for a note with this Authorization. */
    get: (authorization?: string, path = notePath) =>
      service.request(path, authorization === undefined ? {} : { headers: { authorization } }),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    },
  };
}

const read = { scope: "notes:read" };

const counted = (service: RunningService, outcome: string) =>
  service.metric(`auth_total{outcome="${outcome}"}`);

/** Sends a request by hand. @returns the response as text */
function sendRaw({ port }: RunningService, lines: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () =>
    socket.write([...lines, "Host: service", "Connection: close", "", ""].join("\r\n")),
  );
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.on("close", () => resolve(text));
  socket.on("error", reject);
  return promise;
}

describe("Authentication lets in", () => {
  test("a token with the scope of the route, at once and again", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const token = await issuer.token(read);
    for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer "]) {
      const response = await get(`${scheme} ${token}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("private, no-cache");
      expect(response.headers.get("vary")).toBe("Authorization");
    }
    expect(await counted(service, "ok")).toBe(4);
  });

  test("HEAD with the scope of GET", async () => {
    await using guarded = await startGuarded();
    const { issuer, service } = guarded;
    const headers = bearer(await issuer.token(read));
    expect((await service.request(notePath, { method: "HEAD", headers })).status).toBe(200);
    const refused = await service.request(notePath, { method: "HEAD" });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="sample"');
  });

  test("management routes and the API reference without a token, and whatever the token is", async () => {
    await using guarded = await startGuarded();
    for (const path of ["/health", "/ready", "/metrics", "/swagger", "/swagger/json"]) {
      for (const authorization of [undefined, "Basic YTpi", "Bearer x"]) {
        const response = await guarded.get(authorization, path);
        expect(response.status).toBe(200);
        expect(response.headers.get("vary")).toBeNull();
      }
    }
    for (const outcome of ["ok", "missing", "malformed"]) {
      expect(await counted(guarded.service, outcome)).toBe(0);
    }
  });
});

describe("Authentication refuses", () => {
  test("a request without a token, and tells the client no error", async () => {
    await using guarded = await startGuarded();
    const response = await guarded.get();
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="sample"');
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("vary")).toBe("Authorization");
    expect(await bodyOf(response)).toMatchObject({ code: "unauthenticated" });
    expect(await counted(guarded.service, "missing")).toBe(1);
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ["expired", { exp: 1 }, {}, "The token has expired"],
    ["not-yet-valid", { nbf: 9_999_999_999 }, {}, "The token is not valid yet"],
    ["wrong-issuer", { iss: "other" }, {}, "The token is from another issuer"],
    ["wrong-audience", { aud: "other" }, {}, "The token is for another audience"],
    ["unknown-key", {}, { kid: "other" }, "The issuer has no such key"],
    ["malformed", { sub: 7 }, {}, "The token is no signed JWT with the claims that it needs"],
  ])(
    "a token that is %s, with one of a fixed set of texts",
    async (outcome, claims, header, text) => {
      await using guarded = await startGuarded();
      const { get, issuer, service } = guarded;
      const response = await get(`Bearer ${await issuer.token({ ...read, ...claims }, header)}`);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe(
        `Bearer realm="sample", error="invalid_token", error_description="${text}"`,
      );
      expect(await bodyOf(response)).toMatchObject({ code: "invalid-token", detail: text });
      expect(await counted(service, outcome)).toBe(1);
    },
  );

  test("another scheme, and two Authorization fields", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const token = await issuer.token(read);
    for (const field of ["Basic YTpi", token, `Bearer ${token}, Bearer ${token}`, "Bearer a b"]) {
      const response = await get(field);
      expect(response.status).toBe(400);
      expect(await bodyOf(response)).toMatchObject({ code: "invalid-request" });
    }
    const line = `Authorization: Bearer ${token}`;
    const request = `GET ${notePath} HTTP/1.1`;
    expect(await sendRaw(service, [request, line])).toStartWith("HTTP/1.1 200");
    for (const second of [line, "Authorization:", "Authorization: Basic YTpi"]) {
      expect(await sendRaw(service, [request, line, second])).toStartWith("HTTP/1.1 400");
      expect(await sendRaw(service, [request, second, line])).toStartWith("HTTP/1.1 400");
    }
    expect(await counted(service, "malformed")).toBe(10);
  });

  test("a token in the query or in the body", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const token = await issuer.token({ scope: "notes:read notes:write" });
    expect((await get(undefined, `${notePath}?access_token=${token}`)).status).toBe(401);
    const body = { text: "hello", access_token: token };
    expect((await service.request("/notes", { json: body })).status).toBe(401);
  });

  test("a token without the scope, and names it", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    for (const scope of ["", "notes:write", "NOTES:READ", "notes:reader", "notes"]) {
      const response = await get(`Bearer ${await issuer.token({ scope })}`);
      expect(response.status).toBe(403);
      expect(response.headers.get("www-authenticate")).toBe(
        'Bearer realm="sample", error="insufficient_scope", scope="notes:read"',
      );
      expect(await bodyOf(response)).toMatchObject({ code: "insufficient-scope" });
    }
    expect(await counted(service, "insufficient-scope")).toBe(5);
  });

  test("after the route and before everything else of the request", async () => {
    await using guarded = await startGuarded();
    const { get, service } = guarded;
    const post = (path: string, sent: object) => service.request(path, { method: "POST", ...sent });
    expect((await get(undefined, "/none")).status).toBe(404);
    expect((await post(notePath, {})).status).toBe(405);
    expect((await get(undefined, "/notes/7?odd=1")).status).toBe(401);
    const text = { "content-type": "text/plain" };
    expect((await post("/notes", { body: "{", headers: text })).status).toBe(401);
    expect((await post("/notes", { body: "x".repeat(2_000_000), headers: text })).status).toBe(401);
    expect(await counted(service, "missing")).toBe(3);
  });

  test("after overload, so that a flood is not verified", async () => {
    const held = Promise.withResolvers<string>();
    const started = Promise.withResolvers<void>();
    const find = () => {
      started.resolve();
      return held.promise;
    };
    await using guarded = await startGuarded({}, { limits: { maxInFlight: 1 }, find });
    const { get, issuer, service } = guarded;
    const first = get(`Bearer ${await issuer.token(read)}`);
    await started.promise;
    expect((await get()).status).toBe(503);
    held.resolve("found");
    expect((await first).status).toBe(200);
    expect(await counted(service, "missing")).toBe(0);
  });
});

describe("Authentication of a token that was verified lately", () => {
  const post = { method: "POST", headers: { "content-type": "text/plain" }, body: "{" };

  test("refuses what it refused at first", async () => {
    await using guarded = await startGuarded();
    const { issuer, service } = guarded;
    const headers = bearer(await issuer.token({ ...read, client_id: "web" }));
    const requests: readonly [number, string, Sent][] = [
      [404, "/none", { headers }],
      [405, notePath, { ...post, headers: { ...post.headers, ...headers } }],
      [403, "/notes", { ...post, headers: { ...post.headers, ...headers } }],
      [403, "/notes", { method: "POST", headers, json: { text: "hello" } }],
      [200, notePath, { headers }],
    ];
    const seen = async ([, path, sent]: (typeof requests)[number]) => {
      const response = await service.request(path, sent);
      const { vary, "www-authenticate": challenge } = Object.fromEntries(response.headers);
      return [response.status, vary, challenge];
    };
    const first = [];
    for (const request of requests) first.push(await seen(request));
    expect(first.map(([status]) => status)).toEqual(requests.map(([status]) => status));
    for (const [index, request] of requests.entries()) {
      expect(await seen(request)).toEqual(first[index] ?? []);
    }
    expect(await counted(service, "ok")).toBe(2);
    expect(await counted(service, "insufficient-scope")).toBe(4);
    const callers = service.lines.flatMap(({ msg, status, caller }) =>
      msg === "request" ? [[status, caller]] : [],
    );
    const each = [404, 405, 403, 403, 200].map((status) => [
      status,
      status < 404 ? "web" : undefined,
    ]);
    expect(callers).toEqual([...each, ...each]);
  });

  test("refuses it before the body has arrived", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const token = await issuer.token(read);
    expect((await get(`Bearer ${token}`)).status).toBe(200);
    const response = await sendRaw(service, [
      "POST /notes HTTP/1.1",
      `Authorization: Bearer ${token}`,
      "Content-Type: application/json",
      "Content-Length: 10",
    ]);
    expect(response).toStartWith("HTTP/1.1 403");
  });
});

describe("Authentication and the issuer's keys", () => {
  const unusable = (issuer: TestIssuer) => issuer.publish([]);

  test("a token is 503 while there are no keys, whatever it is, and no token stays 401", async () => {
    await using issuer = await testIssuer();
    await unusable(issuer);
    await using service = await startSample({ auth: issuer.environment() });
    const expired = await issuer.token({ ...read, exp: 1 });
    for (const token of [await issuer.token(read), expired, "abc"]) {
      const response = await service.request(notePath, { headers: bearer(token) });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await bodyOf(response)).toMatchObject({ code: "identity-provider-unavailable" });
    }
    expect(await counted(service, "no-keys")).toBe(3);
    expect((await service.request(notePath)).status).toBe(401);
    expect((await service.request("/ready")).status).toBe(200);
    expect(service.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("a new key is found at once, and the tokens of a withdrawn one are out", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const old = `Bearer ${await issuer.token(read)}`;
    expect((await get(old)).status).toBe(200);
    await issuer.rotate();
    await issuer.publish();
    expect((await get(`Bearer ${await issuer.token(read)}`)).status).toBe(200);
    expect((await get(old)).status).toBe(401);
    expect(await counted(service, "unknown-key")).toBe(1);
    await service.refreshKeys();
  });

  test("the last good keys stay where the new set is broken", async () => {
    await using guarded = await startGuarded();
    const { get, issuer, service } = guarded;
    const token = await issuer.token(read);
    await issuer.publish([{ ...(await issuerKey("ES256")).published, use: "enc" }]);
    await service.refreshKeys();
    expect((await get(`Bearer ${token}`)).status).toBe(200);
    expect(await service.logged("cannot read the issuer's keys")).toMatchObject({
      level: "warn",
      has_keys: true,
    });
  });
});

describe("Authentication in the log", () => {
  test("names the client, and shows nothing else of a token", async () => {
    await using guarded = await startGuarded({ AUTH_USER_CLAIM: "user_id" });
    const { get, issuer, service } = guarded;
    const token = await issuer.token({
      ...read,
      client_id: 'web "1"\n',
      sub: "secret-subject",
      user_id: userId,
      email: "alice@example.com",
    });
    await get(`Bearer ${token}`);
    await get(`Bearer ${token}xx`);
    await get(`Bearer ${await issuer.token({ ...read, azp: "app", sub: "secret-subject" })}`);
    const lines = service.lines.filter(({ msg }) => msg === "request");
    expect(lines).toMatchObject([
      { status: 200, caller: 'web "1"\n' },
      { status: 401, reason: "bad-signature" },
      { status: 200, caller: "app" },
    ]);
    expect(lines[1]).not.toHaveProperty("caller");
    const text = JSON.stringify(service.lines);
    for (const secret of [token, "secret-subject", userId, "alice", ...token.split(".")]) {
      expect(text).not.toContain(secret);
    }
  });
});

describe("AUTH_MODE=observe", () => {
  test("refuses nothing, whatever the token is", async () => {
    await using guarded = await startGuarded({ AUTH_MODE: "observe" });
    const { get, issuer } = guarded;
    const fields = [
      undefined,
      "Basic YTpi",
      "Bearer abc",
      `Bearer ${await issuer.token({ exp: 1 })}`,
      `Bearer ${await issuer.token()}`,
      `Bearer ${await issuer.token({ ...read, client_id: "web" })}`,
    ];
    for (const field of fields) {
      const response = await get(field);
      expect(response.status).toBe(200);
      expect(response.headers.get("vary")).toBeNull();
    }
  });

  // The service responds before a verification that takes longer than 50 ms has ended, and counts later.
  // Here each has ended at once, however slow the machine is.
  test("counts what would be refused, and knows the caller for the log", async () => {
    const caller = {
      identity: "web",
      clientName: "web",
      clientNameJson: '"web"',
      scopes: new Set(["notes:read"]),
      userId: undefined,
    };
    const results = [
      "missing",
      "invalid-request",
      "malformed",
      "expired",
      { ...caller, scopes: new Set<string>() },
      caller,
    ] as const;
    const registry = new Registry();
    const access = { scopes: ["notes:read"], isForPrograms: false };
    const verify = jest.fn<Authenticator["authenticate"]>();
    const { authenticate, authorize, finished } = guard({
      realm: "sample",
      isEnforced: false,
      authenticator: { recognize: () => undefined, authenticate: verify },
      registry,
    });
    for (const result of results) {
      for (const verified of [result, Promise.resolve(result)]) {
        verify.mockReturnValueOnce(verified);
        const request = new Request("http://sample/notes");
        const context = openContext(request);
        expect(await authenticate(request, context, access)).toBeUndefined();
        expect(authorize(context, access)).toBeUndefined();
        finished(context);
        const client = typeof result === "string" ? undefined : result.clientName;
        expect(checkedCaller(context)?.clientName).toBe(client);
      }
    }
    const counts = { missing: 2, malformed: 4, expired: 2, "insufficient-scope": 2, ok: 2 };
    for (const [outcome, count] of Object.entries(counts)) {
      expect(await metricIn(registry, `auth_total{outcome="${outcome}"}`)).toBe(count);
    }
  });

  test("does not wait for a provider that does not respond, and counts when it does", async () => {
    const registry = new Registry();
    const pending = Promise.withResolvers<"expired">();
    const { authenticate, authorize, finished } = guard({
      realm: "sample",
      isEnforced: false,
      authenticator: { recognize: () => undefined, authenticate: () => pending.promise },
      registry,
    });
    const request = new Request("http://sample/notes");
    const context = openContext(request);
    const access = { scopes: ["notes:read"], isForPrograms: false };
    expect(await authenticate(request, context, access)).toBeUndefined();
    expect(authorize(context, access)).toBeUndefined();
    finished(context);
    const counted = () => metricIn(registry, 'auth_total{outcome="expired"}');
    expect(await counted()).toBe(0);
    pending.resolve("expired");
    await pending.promise;
    expect(await counted()).toBe(1);
  });
});

test("guard().authorize() refuses a request whose token was not checked", () => {
  const { authorize } = guard({
    realm: "sample",
    isEnforced: true,
    authenticator: { recognize: () => undefined, authenticate: () => "missing" },
    registry: new Registry(),
  });
  const context = openContext(new Request("http://sample/notes"));
  const access = { scopes: ["notes:read"], isForPrograms: false };
  expect(authorize(context, access)).toMatchObject({ status: 500 });
  context.authPolicy = { realm: "sample", isEnforced: true };
  expect(authorize(context, access)).toMatchObject({ status: 500 });
});

describe("A route, and the scope that it needs,", () => {
  const docs = { summary: "Get", tag: "letters" };
  const read = { 200: Type.String(), ...problems() };
  const about = { title: "letters", description: "", problemOf: () => undefined };

  async function startLetters(build: (parts: ServiceParts) => AnyElysia) {
    const issuer = await testIssuer();
    const database = temporaryStorage([]);
    const auth = issuer.environment();
    const service = await startService({ name: "letters", database, auth, build });
    const headers = bearer(await issuer.token({ scope: "letters:read" }));
    return {
      get: (path: string) => fetch(`${service.url}${path}`, { headers }),
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]();
        await issuer[Symbol.asyncDispose]();
      },
    };
  }

  test("is the one that Elysia has chosen, where a path matches several", async () => {
    await using letters = await startLetters((parts) =>
      serviceApp(parts, about)
        .get("/:kind/public", () => "public", {
          response: read,
          detail: routeDocs({ ...docs, operationId: "getPublic", scope: "letters:read" }),
        })
        .get("/secret/:id", () => "secret", {
          response: read,
          detail: routeDocs({ ...docs, operationId: "getSecret", scope: "letters:open" }),
        }),
    );
    expect((await letters.get("/open/public")).status).toBe(200);
    const refused = await letters.get("/secret/public");
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toEndWith('scope="letters:open"');
  });

  test("keeps the service from starting where it was added before serviceApp()", async () => {
    const detail = routeDocs({ ...docs, operationId: "getEarly", scope: "letters:read" });
    const hooks = { transform: () => undefined, response: read, detail };
    const early = () => new Elysia().get("/early", () => "early", hooks);
    await using letters = await startLetters((parts) => {
      const app = serviceApp(parts, about).get("/late", () => "late", {
        response: read,
        detail: routeDocs({ ...docs, operationId: "getLate", scope: "letters:read" }),
      });
      expect(() => checkRoutes(early().use(app).routes)).toThrow(
        "GET /early was added before serviceApp(): no scope is compared for it",
      );
      return app;
    });
    expect((await letters.get("/late")).status).toBe(200);
  });
});
