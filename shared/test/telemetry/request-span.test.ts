import { describe, expect, test } from "bun:test";
import { StorageUnavailable, type WriteSettled } from "../../src/core/storage.ts";
import { currentRequest, openContext } from "../../src/telemetry/request-context.ts";
import { errorTypeOf, writeSpans } from "../../src/telemetry/request-span.ts";
import { recordedSpans } from "../../testing/recorded-spans.ts";
import { startSample } from "../../testing/sample-service.ts";
import { exchange } from "../http/requests.ts";

const note = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;
const error = new Error("of alice@example.com");

describe("the span of a request", () => {
  test("has OpenTelemetry's attributes, and the caller's span as its parent", async () => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    const before = performance.now();
    await service.request(`${note}?of=alice`, { headers: { traceparent } });
    expect(tracer.spans).toEqual([
      {
        name: "GET /notes/{id}",
        kind: "server",
        context: expect.objectContaining({ traceId }),
        parentSpanId: parentId,
        startedAt: expect.any(Number),
        endedAt: expect.any(Number),
        attributes: {
          "http.request.method": "GET",
          "http.route": "/notes/{id}",
          "http.response.status_code": 422,
          "url.path": note,
          "url.scheme": "http",
          "server.address": "127.0.0.1",
          "server.port": service.port,
        },
        errorType: undefined,
      },
    ]);
    const [span] = tracer.spans;
    expect(span?.startedAt).toBeGreaterThanOrEqual(before);
    expect(span?.endedAt).toBeGreaterThanOrEqual(span?.startedAt ?? Infinity);
  });

  test("is the one that the access log names", async () => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    await service.request(note);
    const context = tracer.spans[0]?.context;
    expect(service.lines[0]).toMatchObject({
      trace_id: context?.traceId,
      span_id: context?.spanId,
    });
  });

  test.each([
    ["GET", "/nowhere/alice@example.com", "GET", "GET", "/nowhere/…"],
    ["DELETE", note, "DELETE /notes/{id}", "DELETE", note],
    ["HEAD", note, "HEAD /notes/{id}", "HEAD", note],
    ["PROPFIND", note, "HTTP /notes/{id}", "_OTHER", note],
    ["PROPFIND", "/nowhere/%61lice%2540example.com", "HTTP", "_OTHER", "/nowhere/…"],
  ])("of %s %s has the name %s, and no word of the client's in it", async (...row) => {
    const [method, path, name, attribute, shown] = row;
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    await fetch(service.url + path, { method });
    expect(tracer.spans).toMatchObject([
      { name, attributes: { "http.request.method": attribute, "url.path": shown } },
    ]);
  });

  test.each([
    ["a bug", error, 500, "Error"],
    ["storage that is busy", new StorageUnavailable("busy"), 503, "storage-busy"],
  ])("is an error after %s, with its class and not its message", async (_, cause, status, type) => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer, find: () => Promise.reject(cause) });
    expect((await service.request(note)).status).toBe(status);
    expect(tracer.spans[0]).toMatchObject({
      errorType: type,
      attributes: { "http.response.status_code": status },
    });
    expect(JSON.stringify(tracer.spans)).not.toContain("alice");
  });

  test("is an error with its reason after a rejection by load shedding", async () => {
    const tracer = recordedSpans();
    const { promise, resolve } = Promise.withResolvers<string>();
    await using service = await startSample({
      tracer,
      limits: { maxInFlight: 1 },
      find: () => promise,
    });
    const held = service.request(note);
    while ((await service.metric("http_requests_in_flight")) !== 1) await Bun.sleep(1);
    expect((await service.request(note)).status).toBe(503);
    resolve("found");
    await held;
    expect(tracer.spans.map(({ errorType }) => errorType)).toEqual(["in-flight-limit", undefined]);
  });

  test.each(["/health", "/ready", "/metrics"])("is not made for %s", async (path) => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    await service.request(path, { headers: { traceparent } });
    expect(tracer.spans).toEqual([]);
  });

  test("is not made for a trace that is not sampled", async () => {
    const tracer = recordedSpans((_, isParentSampled) => isParentSampled ?? false);
    await using service = await startSample({ tracer });
    await service.request(note);
    await service.request(note, { headers: { traceparent: traceparent.replace(/01$/, "00") } });
    expect(tracer.spans).toEqual([]);
    expect(service.lines.flatMap((line) => Object.keys(line))).not.toContain("span_id");
    await service.request(note, { headers: { traceparent } });
    expect(tracer.spans).toHaveLength(1);
  });

  test.each([
    ["shop.example", "shop.example", 80],
    ["shop.example:8443", "shop.example", 8443],
    ["[::1]:90", "[::1]", 90],
    ["alice:secret@shop.example", "unknown-host", 80],
    ["alice%40example.com", "unknown-host", 80],
    ["", "unknown-host", 80],
    ["a b", "unknown-host", 80],
  ])("names for Host: %s the server %s, port %i", async (host, address, port) => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    await exchange(service.port, `GET ${note} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, {
      until: "\r\n\r\n",
    });
    expect(tracer.spans[0]?.attributes).toMatchObject({
      "server.address": address,
      "server.port": port,
    });
    expect(JSON.stringify(tracer.spans)).not.toMatch(/alice|secret/);
  });

  test("has no more than 1,000 characters of a path", async () => {
    const tracer = recordedSpans();
    await using service = await startSample({ tracer });
    await service.request(`/${"x".repeat(5000)}`);
    expect(tracer.spans[0]?.attributes["url.path"]).toHaveLength(1000);
  });
});

describe("writeSpans()", () => {
  const context = openContext(new Request("http://a/"), { tracer: recordedSpans() });

  test.each<[string, Parameters<WriteSettled>, number | undefined, string | undefined]>([
    ["committed alone", [1], undefined, undefined],
    ["committed with others", [20], 20, undefined],
    ["that was not committed", [0, new StorageUnavailable("full")], undefined, "full"],
  ])("records a write %s as a child of its request", (_, settled, size, errorType) => {
    const tracer = recordedSpans();
    const queued = writeSpans(tracer);
    currentRequest.run(context, () => queued("sqlite"))?.(...settled);
    const { traceId, spanId } = context.trace.span ?? {};
    expect(tracer.spans).toMatchObject([
      {
        name: "write",
        kind: "internal",
        context: { traceId, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) },
        parentSpanId: spanId,
        attributes: {
          "db.system.name": "sqlite",
          "db.operation.name": "write",
          "db.operation.batch.size": size,
        },
        errorType,
      },
    ]);
    expect(tracer.spans[0]?.context.spanId).not.toBe(spanId);
  });

  test("records nothing of a background job, and of a request that is not recorded", () => {
    const queued = writeSpans(recordedSpans());
    expect(queued("sqlite")).toBeUndefined();
    const unrecorded = openContext(new Request("http://a/"));
    expect(currentRequest.run(unrecorded, () => queued("sqlite"))).toBeUndefined();
  });
});

test("errorTypeOf() names the class of what was thrown", () => {
  const thrown = [new TypeError("a"), new StorageUnavailable("unreachable"), "a", undefined];
  expect(thrown.map(errorTypeOf)).toEqual(["TypeError", "unreachable", "string", "undefined"]);
});
