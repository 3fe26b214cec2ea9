import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { sampleApp, startSample } from "../../testing/sample-service.ts";
import { requestsTotal } from "../telemetry/requests-total.ts";
import { exchange } from "./requests.ts";

const note = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const json = { "content-type": "application/json" };

describe("httpPlugin() and Host", () => {
  // Such a Host would change the route, if Bun joined it and the target to a URL as they are.
  const delimited = [
    "a/b",
    "a/metrics?",
    "a?x",
    "a#x",
    "a\\b",
    "a/metrics#",
    "u@a/health",
    "/",
    "?",
  ];
  test.each([
    ["/tasks?state=open", "/tasks", [...delimited, "a b/c?d", "", "x:y:z", "[::1", "\u00e4"]],
    [
      "/notes/../health",
      "/health",
      [...delimited, "a", "a b", "%", "a:99999", "[::1", "1.2.3.999", "x:y:z"],
    ],
  ])("resolves %s the same way for every Host", async (target, route, hosts) => {
    await using service = await startSample();
    for (const host of hosts) {
      const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      const received = await exchange(service.port, request, { until: "\r\n\r\n" });
      expect(received).toContain("HTTP/1.1 200");
      expect(service.lines.at(-1)).toMatchObject({ route, path: route });
    }
  });

  test("reads the body of a request without Host", async () => {
    await using service = await startSample();
    const received = await exchange(
      service.port,
      `POST /notes HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"text":"hello"}`,
    );
    expect(received).toContain(" 200 ");
  });
});

describe("httpPlugin() and header fields", () => {
  test.each(["/health", "/nowhere", note])("sends Date for HEAD %s", async (path) => {
    await using service = await startSample();
    const response = await service.request(path, { method: "HEAD" });
    expect(Date.parse(response.headers.get("date") ?? "")).not.toBeNaN();
  });

  test("keeps a well-formed request id in the response and in the log", async () => {
    await using service = await startSample();
    const sent = "A-z0.9_".padEnd(128, "x");
    const response = await service.request(note, { headers: { "x-request-id": sent } });
    expect(response.headers.get("x-request-id")).toBe(sent);
    expect(service.lines.at(-1)).toMatchObject({ request_id: sent });
  });

  test.each(["", "a b", "x".repeat(129), "é", "a,b"])("replaces request id %p", async (sent) => {
    await using service = await startSample();
    const response = await service.request(note, { headers: { "x-request-id": sent } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{14}7[0-9a-f-]{21}$/);
  });

  test("closes the connection of every response while draining", async () => {
    await using service = await startSample();
    expect((await service.request(note)).headers.get("connection")).not.toBe("close");
    service.lifecycle.phase = "draining";
    for (const path of [note, "/nowhere", "/health", "/metrics"]) {
      expect((await service.request(path)).headers.get("connection")).toBe("close");
    }
  });
});

describe("httpPlugin() under overload", () => {
  test("rejects requests beyond the limit, and still serves management routes", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using service = await startSample({ limits: { maxInFlight: 2 }, find: () => promise });
    const held = [service.request(note), service.request(note)];
    let shed: Response;
    do shed = await service.request("/notes", { json: { text: "x" } });
    while (shed.status === 200);
    expect(shed.status).toBe(503);
    expect(shed.headers.get("retry-after")).toBe("1");
    const line = service.lines.find(({ status }) => status === 503);
    expect(line).toMatchObject({ level: "warn", reason: "in-flight-limit" });
    expect(line).not.toHaveProperty("err");
    for (const path of ["/health", "/ready", "/metrics"]) {
      expect((await service.request(path)).status).toBe(200);
    }
    expect((await service.request("/nowhere")).status).toBe(404);
    expect(await service.metric("http_requests_in_flight")).toBe(2);
    expect(await service.metric("http_requests_in_flight_limit")).toBe(2);
    const shedTotal = 'http_requests_shed_total{reason="in-flight-limit"}';
    expect(await service.metric(shedTotal)).toBe(1);
    resolve("found");
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await service.request("/notes", { json: { text: "x" } })).status).toBe(200);
    expect(await service.metric("http_requests_in_flight")).toBe(0);
  });

  test("does not delay the 404 of an unknown path, which no load shedding has refused", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using service = await startSample({ limits: { maxInFlight: 1 }, find: () => promise });
    const held = service.request(note);
    const inFlight = () => service.metric("http_requests_in_flight");
    while ((await inFlight()) === 0) await new Promise((go) => setImmediate(go));
    const statuses: number[] = [];
    const send = async (path: string) => statuses.push((await service.request(path)).status);
    const shed = Array.from({ length: 100 }, () => send(note));
    // The others wait for their turn.
    await Promise.race(shed);
    await send("/nowhere");
    expect(statuses.at(-1)).toBe(404);
    expect(statuses.length).toBeLessThan(100);
    await Promise.all(shed);
    resolve("found");
    await held;
  });

  test("discards the body of every request whose 503 has to wait", async () => {
    const app = sampleApp({ maxInFlight: 0 });
    let discarded = 0;
    const responses = Array.from({ length: 30 }, () => {
      const body = new ReadableStream({ cancel: () => void (discarded += 1) });
      return app.handle(new Request("http://a/notes", { method: "POST", headers: json, body }));
    });
    // The first ten are sent at once.
    expect(discarded).toBe(20);
    for (const response of responses) expect((await response).status).toBe(503);
  });
});

describe("httpPlugin() and a storage that cannot work", () => {
  test.each(["busy", "full", "gone", "unreachable", "interrupted"] as const)(
    "names the reason %s in the log and in the metrics",
    async (reason) => {
      const find = () => Promise.reject(new StorageUnavailable(reason));
      await using service = await startSample({ find });
      expect((await service.request(note)).status).toBe(503);
      expect(service.lines.at(-1)).toMatchObject({ level: "warn", reason: `storage-${reason}` });
      expect(service.lines.at(-1)).not.toHaveProperty("err");
      expect(await service.metric(`storage_refused_total{reason="${reason}"}`)).toBe(1);
    },
  );
});

describe("httpPlugin() and clients that leave", () => {
  /** Has other requests served for longer than the 10 ms for which every client waits. */
  async function outwait(service: Awaited<ReturnType<typeof startSample>>): Promise<void> {
    const sentAt = performance.now();
    while (performance.now() - sentAt < 20) await service.request("/health");
  }

  test("counts a request whose client has left before its response, and no other", async () => {
    const called = Promise.withResolvers<void>();
    const left = Promise.withResolvers<string>();
    const find = () => {
      called.resolve();
      return left.promise;
    };
    await using service = await startSample({ find });
    const leaving = new AbortController();
    const request = fetch(`${service.url}${note}`, { signal: leaving.signal });
    await called.promise;
    leaving.abort();
    await rejectionOf(request);
    const succeeded = requestsTotal("GET", "/notes/{id}", 200);
    // The server learns of it from its socket, within some turns of its event loop.
    await outwait(service);
    left.resolve("found");
    while ((await service.metric(succeeded)) === 0);
    expect(await service.metric("http_requests_aborted_total")).toBe(1);
    await service.request(note);
    expect(await service.metric(succeeded)).toBe(2);
    expect(await service.metric("http_requests_aborted_total")).toBe(1);
  });

  test("counts a request whose client has left before its body was whole", async () => {
    await using service = await startSample();
    const socket = connect(service.port, "127.0.0.1");
    const head = "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    const sent = `${head}Content-Length: 100\r\n\r\n{`;
    await new Promise((resolve) => socket.write(sent, resolve));
    await outwait(service);
    socket.destroy();
    while ((await service.metric("http_requests_aborted_total")) === 0) {
      await service.request("/health");
    }
    expect(await service.metric(requestsTotal("POST", "/notes", 400))).toBe(1);
  });
});

describe("httpPlugin() and metrics", () => {
  test("counts requests by route template, whatever path clients ask for", async () => {
    await using service = await startSample();
    const paths = [note, "/notes/no-uuid", "/nowhere/1", "/nowhere/2", "/health"];
    for (const path of paths) await service.request(path);
    await service.request(note, { method: "HEAD" });
    await service.request("/notes", { headers: json, body: "{" });
    await service.request("/notes/x", { method: "DELETE" });
    await fetch(`${service.url}/notes/x`, { method: "PROPFIND" });
    expect(await service.metric(requestsTotal("GET", "/notes/{id}", 200))).toBe(1);
    expect(await service.metric(requestsTotal("HEAD", "/notes/{id}", 200))).toBe(1);
    expect(await service.metric(requestsTotal("GET", "/notes/{id}", 422))).toBe(1);
    expect(await service.metric(requestsTotal("POST", "/notes", 400))).toBe(1);
    expect(await service.metric(requestsTotal("DELETE", "/notes/{id}", 405))).toBe(1);
    expect(await service.metric(requestsTotal("GET", "unmatched", 404))).toBe(2);
    expect(await service.metric(requestsTotal("OTHER", "/notes/{id}", 405))).toBe(1);
    const printed = await (await service.request("/metrics")).text();
    expect(printed).not.toContain('endpoint="/health"');
    expect(printed).toContain('build_info{service="sample",version="test",commit="test"} 1');
    const labels = 'method="GET",endpoint="/notes/{id}"';
    expect(await service.metric(`http_request_duration_seconds_count{${labels}}`)).toBe(2);
  });

  test("begins the series at 0 that alerts use, and only those of the service's own routes", async () => {
    await using service = await startSample();
    const printed = await (await service.request("/metrics")).text();
    const series = printed.match(/^http_requests_total.*$/gm) ?? [];
    for (const status of [200, 500, 503]) {
      expect(series).toContain(`${requestsTotal("POST", "/notes", status)} 0`);
      expect(series).toContain(`${requestsTotal("GET", "/notes/{id}", status)} 0`);
    }
    expect(series.filter((line) => !line.endsWith(" 0"))).toEqual([]);
    expect(series.filter((line) => /status="[34]/.test(line))).toEqual([]);
    expect(printed).not.toMatch(/endpoint="\/(health|ready|metrics|swagger)/);
    expect(printed).toMatch(/^storage_busy_total 0$/m);
  });

  test("counts the first failure of a route from 0 to 1", async () => {
    await using service = await startSample({ find: () => Promise.reject(new Error("bug")) });
    const failed = requestsTotal("GET", "/notes/{id}", 500);
    expect(await service.request("/metrics")).toMatchObject({ status: 200 });
    expect(await service.metric(failed)).toBe(0);
    await service.request(note);
    expect(await service.metric(failed)).toBe(1);
  });
});

describe("httpPlugin() and the access log", () => {
  test("writes one line for a finished request, without its query", async () => {
    await using service = await startSample();
    await service.request("/tasks?state=open");
    expect(service.lines).toHaveLength(1);
    expect(service.lines[0]).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: "sample",
      version: "test",
      request_id: expect.any(String),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      method: "GET",
      route: "/tasks",
      path: "/tasks",
      status: 200,
      duration_ms: expect.any(Number),
      msg: "request",
    });
  });

  test("keeps an e-mail address in a path out of the log", async () => {
    await using service = await startSample();
    await service.request("/notes/alice@example.com");
    await service.request("/notes/alice%40example.com");
    // The maximum length of a logged path cuts this address.
    await service.request(`/notes/${"x".repeat(985)}/alice%40example.com`);
    expect(JSON.stringify(service.lines)).not.toContain("alice");
  });

  test("writes requests to management routes at debug", async () => {
    await using service = await startSample();
    await service.request("/health");
    expect(service.lines.map(({ level }) => level)).toEqual(["debug"]);
  });
});
