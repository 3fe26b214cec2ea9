import { describe, expect, test } from "bun:test";
import { startSample } from "../../testing/sample-service.ts";

const note = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

/** What a response says to caches, with its status. */
const cachingOf = ({ status, headers }: Response) => `${status} ${headers.get("cache-control")}`;

/** A running sample service with one task. */
async function startWithTask() {
  const service = await startSample();
  const created = await service.request("/tasks", { json: { title: "Milk" } });
  const path = created.headers.get("location") ?? "";
  return { service, created, path, etag: created.headers.get("etag") ?? "" };
}

describe("Cache-Control", () => {
  test("lets only the client keep resources and lists, and makes it ask before it uses them again", async () => {
    const { service, path, etag } = await startWithTask();
    await using it = service;
    for (const method of ["GET", "HEAD"]) {
      const asked = [path, "/tasks", note].map((target) => it.request(target, { method }));
      const responses = await Promise.all(asked);
      expect(responses.map(cachingOf)).toEqual(Array(3).fill("200 private, no-cache"));
      const again = await it.request(path, { method, headers: { "if-none-match": etag } });
      expect(cachingOf(again)).toBe("304 private, no-cache");
    }
  });

  test("keeps responses to unsafe methods out of every cache", async () => {
    const { service, created, path } = await startWithTask();
    await using it = service;
    expect(cachingOf(created)).toBe("201 no-store");
    const changed = await it.request(path, { method: "PATCH", json: { state: "done" } });
    expect(cachingOf(changed)).toBe("200 no-store");
    expect(cachingOf(await it.request(path, { method: "DELETE" }))).toBe("204 no-store");
  });

  test.each([
    ["404 of an unknown path", 404, "GET", "/nowhere"],
    ["404 of a resource", 404, "GET", "/tasks/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["404 to HEAD", 404, "HEAD", "/tasks/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["404 beside the reference", 404, "GET", "/swagger/nothing"],
    ["405", 405, "OPTIONS", "/tasks"],
    ["405 of a management route", 405, "POST", "/ready"],
    ["415", 415, "POST", "/tasks"],
    ["422", 422, "GET", "/tasks/42"],
  ])("keeps a %s out of every cache", async (_, status, method, path) => {
    await using service = await startSample();
    const body = method === "POST" ? { body: "x" } : {};
    const response = await service.request(path, { method, ...body });
    expect(cachingOf(response)).toBe(`${status} no-store`);
  });

  test("keeps a 400, a 412 and a 500 out of every cache", async () => {
    const find = () => Promise.reject(new Error("broken"));
    await using service = await startSample({ find });
    const created = await service.request("/tasks", { json: { title: "Milk" } });
    const path = created.headers.get("location") ?? "";
    const json = { "content-type": "application/json" };
    const stale = { method: "PATCH", json: {}, headers: { "if-match": '"old"' } };
    expect(cachingOf(await service.request("/notes", { headers: json, body: "{" }))).toBe(
      "400 no-store",
    );
    expect(cachingOf(await service.request(path, stale))).toBe("412 no-store");
    expect(cachingOf(await service.request(note))).toBe("500 no-store");
  });

  test("keeps a 503 of load shedding out of every cache", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using service = await startSample({ limits: { maxInFlight: 1 }, find: () => promise });
    const held = service.request(note);
    let shed: Response;
    do shed = await service.request("/tasks");
    while (shed.status === 200);
    expect(cachingOf(shed)).toBe("503 no-store");
    resolve("found");
    await held;
  });

  test("keeps every state of the management routes out of every cache", async () => {
    await using service = await startSample();
    for (const method of ["GET", "HEAD"]) {
      for (const path of ["/health", "/ready", "/metrics"]) {
        expect(cachingOf(await service.request(path, { method }))).toBe("200 no-store");
      }
    }
    service.lifecycle.phase = "draining";
    expect(cachingOf(await service.request("/ready"))).toBe("503 no-store");
  });

  test("leaves the files of the API reference to revalidation by every cache", async () => {
    await using service = await startSample();
    for (const path of ["/swagger", "/swagger/json"]) {
      const response = await service.request(path);
      expect(cachingOf(response)).toBe("200 no-cache");
      const headers = { "if-none-match": response.headers.get("etag") ?? "" };
      expect(cachingOf(await service.request(path, { headers }))).toBe("304 no-cache");
    }
    expect(cachingOf(await fetch(`${service.url}/swagger/ui.css`))).toBe("200 no-cache");
  });
});

test("X-Content-Type-Options forbids a browser to guess the type of any response", async () => {
  const { service, created, path, etag } = await startWithTask();
  await using it = service;
  const responses = [
    created,
    await it.request(path),
    await it.request(path, { method: "HEAD" }),
    await it.request(path, { headers: { "if-none-match": etag } }),
    await it.request("/tasks"),
    await it.request("/tasks/42"),
    await it.request("/nowhere"),
    await it.request("/tasks", { method: "OPTIONS" }),
    await it.request("/health"),
    await it.request("/metrics"),
    await it.request("/swagger"),
    await fetch(`${it.url}/swagger/init.js`),
    await it.request(path, { method: "DELETE" }),
  ];
  for (const { headers } of responses) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});
