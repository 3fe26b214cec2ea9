import { describe, expect, test } from "bun:test";
import { requestHeaders, responseHeaders } from "../../src/openapi/headers.ts";
import { startSample } from "../../testing/sample-service.ts";
import { bearer, testIssuer } from "../../testing/test-issuer.ts";
import { requestsTotal } from "../telemetry/requests-total.ts";
import { exchange } from "./requests.ts";

const note = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const shop = "https://shop.example";
const admin = "http://localhost:3000";
const withCors = { corsOrigins: [shop, admin] };

/** The fields of a response that CORS is about. */
function corsFields({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => name === "vary" || name.startsWith("access-control-")),
  );
}

/** Sends the preflight request for a PATCH of this path. */
function preflight(url: string, origin: string, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "content-type,if-match",
      ...headers,
    },
  });
}

/** What a response to an allowed origin has. */
const readable = (origin: string) => ({
  vary: "Origin",
  "access-control-allow-origin": origin,
  "access-control-expose-headers": expect.stringContaining("ETag"),
});

describe("CORS_ORIGINS, when it is not set,", () => {
  test("leaves responses without a field of CORS, and OPTIONS a 405", async () => {
    await using service = await startSample();
    const refused = await preflight(service.url + note, shop);
    expect(refused.status).toBe(405);
    const headers = { origin: shop };
    for (const response of [refused, await service.request(note, { headers })]) {
      expect(corsFields(response)).toEqual({});
    }
  });
});

describe("A preflight request", () => {
  test.each([
    [note, "GET, HEAD"],
    ["/notes", "POST"],
    ["/tasks", "GET, HEAD, POST"],
    ["/tasks/42", "DELETE, GET, HEAD, PATCH"],
    ["/swagger/json", "GET, HEAD"],
  ])(
    "to %s gets the methods of the route and the headers that services read",
    async (path, methods) => {
      await using service = await startSample(withCors);
      const response = await preflight(service.url + path, admin);
      expect(response.status).toBe(204);
      expect(corsFields(response)).toEqual({
        ...readable(admin),
        "access-control-allow-methods": methods,
        "access-control-allow-headers":
          "Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent, tracestate",
        "access-control-max-age": "7200",
      });
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("x-request-id")).not.toBeNull();
      expect(await response.text()).toBe("");
    },
  );

  test.each([
    "https://evil.example",
    "null",
    `${shop}, ${shop}`,
    `${shop}/`,
    "HTTPS://SHOP.EXAMPLE",
  ])("from origin %p gets no permission", async (origin) => {
    await using service = await startSample(withCors);
    const response = await preflight(service.url + note, origin);
    expect(response.status).toBe(204);
    expect(corsFields(response)).toEqual({ vary: "Origin" });
  });

  test("gets no permission with two Origin fields", async () => {
    await using service = await startSample(withCors);
    const fields = `Origin: ${shop}\r\nOrigin: ${admin}\r\nAccess-Control-Request-Method: PATCH`;
    const request = `OPTIONS ${note} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n\r\n`;
    const received = await exchange(service.port, request);
    expect(received).toStartWith("HTTP/1.1 204");
    expect(received.toLowerCase()).not.toContain("access-control");
  });

  test("to an unknown path is a 404 that the script's developer can read", async () => {
    await using service = await startSample(withCors);
    const response = await preflight(`${service.url}/nowhere`, shop);
    expect(response.status).toBe(404);
    expect(corsFields(response)).toEqual(readable(shop));
  });

  test("without Origin or Access-Control-Request-Method is no preflight, and a 405 as before", async () => {
    await using service = await startSample(withCors);
    const requests = [{}, { origin: shop }, { "access-control-request-method": "GET" }];
    for (const headers of requests) {
      const response = await service.request(note, { method: "OPTIONS", headers });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    }
  });

  test("is answered while the service sheds load, and is counted and logged as any request", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const limits = { maxInFlight: 1 };
    await using service = await startSample({ ...withCors, limits, find: () => promise });
    const held = service.request(note);
    const headers = { origin: shop };
    let shed: Response;
    do shed = await service.request("/tasks", { headers });
    while (shed.status === 200);
    expect(shed.status).toBe(503);
    expect(corsFields(shed)).toEqual(readable(shop));
    expect((await preflight(service.url + note, shop)).status).toBe(204);
    const series = requestsTotal("OPTIONS", "/notes/{id}", 204);
    expect(await service.metric(series)).toBe(1);
    const line = { method: "OPTIONS", route: "/notes/{id}", status: 204, level: "info" };
    expect(service.lines).toContainEqual(expect.objectContaining(line));
    resolve("found");
    await held;
  });
});

describe("A request of another origin", () => {
  test("may be read by a script of an allowed origin, whatever its status", async () => {
    const find = () => Promise.reject(new Error("broken"));
    await using service = await startSample({ ...withCors, find });
    const headers = { origin: shop };
    const created = await service.request("/tasks", { headers, json: { title: "Milk" } });
    const path = created.headers.get("location") ?? "";
    const tag = { "if-none-match": created.headers.get("etag") ?? "" };
    const stale = { "if-match": '"old"' };
    const json = { state: "done" };
    const responses = [
      created,
      await service.request(path, { headers }),
      await service.request(path, { headers, method: "HEAD" }),
      await service.request(path, { headers: { ...headers, ...tag } }),
      await service.request("/tasks", { headers, body: "x" }),
      await service.request("/tasks", { headers, json: {} }),
      await service.request("/nowhere", { headers }),
      await service.request("/tasks", { headers, method: "DELETE" }),
      await service.request(path, { method: "PATCH", headers: { ...headers, ...stale }, json }),
      await service.request(path, { method: "DELETE", headers }),
      await service.request(path, { headers }),
      await service.request(note, { headers }),
      await service.request("/swagger/json", { headers }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([
      201, 200, 200, 304, 415, 422, 404, 405, 412, 204, 404, 500, 200,
    ]);
    for (const response of responses) expect(corsFields(response)).toEqual(readable(shop));
  });

  test("may send every field of requests that the API document lists", async () => {
    await using service = await startSample(withCors);
    const response = await preflight(`${service.url}/notes`, shop);
    const allowed = response.headers.get("access-control-allow-headers")?.split(", ");
    for (const field of Object.keys(requestHeaders)) expect(allowed).toContain(field);
  });

  test("may read every field of responses that the API document lists", async () => {
    await using service = await startSample(withCors);
    const response = await service.request(note, { headers: { origin: shop } });
    const exposed = response.headers.get("access-control-expose-headers")?.split(", ");
    // Sent by services with authentication alone, which permit it.
    const { "WWW-Authenticate": _, ...sent } = responseHeaders;
    for (const field of Object.keys(sent)) expect(exposed).toContain(field);
  });

  test("is served without permission, and keeps caches from sharing its response, if its origin is not allowed", async () => {
    await using service = await startSample(withCors);
    const headers = { origin: "https://evil.example" };
    for (const sent of [{ headers }, {}]) {
      const response = await service.request(note, sent);
      expect(response.status).toBe(200);
      expect(corsFields(response)).toEqual({ vary: "Origin" });
    }
  });

  test("never gets a permission from management routes and the reference", async () => {
    await using service = await startSample(withCors);
    for (const path of ["/health", "/ready", "/metrics", "/swagger", "/swagger/ui.js"]) {
      const response = await fetch(service.url + path, { headers: { origin: shop } });
      expect(corsFields(response)).toEqual({});
      expect((await preflight(service.url + path, shop)).status).not.toBe(204);
    }
  });
});

describe("CORS and authentication", () => {
  test("a preflight needs no token, and permits to send one", async () => {
    await using issuer = await testIssuer();
    await using service = await startSample({
      corsOrigins: [shop],
      auth: issuer.environment(),
    });
    const response = await fetch(`${service.url}/notes`, {
      method: "OPTIONS",
      headers: { origin: shop, "access-control-request-method": "POST" },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toStartWith("Authorization, ");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("a script reads why it was refused, and no cache gives its response to another", async () => {
    await using issuer = await testIssuer();
    await using service = await startSample({
      corsOrigins: [shop],
      auth: issuer.environment(),
    });
    const path = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
    const token = await issuer.token({ scope: "notes:read" });
    for (const headers of [{}, bearer(await issuer.token()), bearer(token)]) {
      const response = await service.request(path, { headers: { ...headers, origin: shop } });
      expect(response.headers.get("access-control-allow-origin")).toBe(shop);
      expect(response.headers.get("access-control-expose-headers")).toEndWith(", WWW-Authenticate");
      expect(response.headers.get("vary")).toBe("Origin, Authorization");
    }
  });
});
