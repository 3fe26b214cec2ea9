import { afterEach, beforeEach, describe, expect, jest, setSystemTime, test } from "bun:test";
import { settle } from "../../testing/settle.ts";
import type { Fetch } from "../../src/core/fetch.ts";
import { createExporter, type ExporterOptions } from "../../src/tracing/exporter.ts";

const ok = () => Response.json({});

/** An exporter of batches of 10 spans, whose requests the fetch answers. */
function exporterWith(fetch: Fetch, options: Partial<ExporterOptions> = {}) {
  const requests: (RequestInit & { readonly url: string; readonly at: number })[] = [];
  const failures: string[] = [];
  const send = createExporter({
    url: "http://collector:4318/v1/traces",
    headers: { authorization: "secret" },
    timeoutMs: 10_000,
    exportTimeoutMs: 30_000,
    onFailed: (reason) => void failures.push(reason),
    async fetch(url, init) {
      requests.push({ url, ...init, at: performance.now() });
      return fetch(url, init);
    },
    ...options,
  });
  const closing = new AbortController();
  return {
    requests,
    failures,
    close: () => closing.abort(),
    /** The number of accepted spans. */
    export: () => send("{}", 10, closing.signal),
  };
}

/** Responses in their order; the last one for all further requests. */
function inOrder(...responses: (() => Response)[]): Fetch {
  let next = 0;
  return async () => {
    const respond = responses[Math.min(next++, responses.length - 1)] ?? ok;
    return respond();
  };
}

const failing =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    new Response("no", { status, headers });

function thrown(reason: unknown): Fetch {
  return () => Promise.reject(reason);
}

/** A response of more than anyone wants to read. */
function endless(): Response {
  const chunk = new Uint8Array(65_536);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
}

describe("createExporter()", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("posts the body as JSON with the operator's header fields, and follows no redirect", async () => {
    const exporter = exporterWith(inOrder(ok));
    expect(await exporter.export()).toBe(10);
    expect(exporter.requests).toMatchObject([
      {
        url: "http://collector:4318/v1/traces",
        method: "POST",
        body: "{}",
        headers: { authorization: "secret", "content-type": "application/json" },
        redirect: "manual",
      },
    ]);
    expect(exporter.failures).toEqual([]);
  });

  test.each([
    ['{"partialSuccess":{"rejectedSpans":"4"}}', 6],
    ['{"partialSuccess":{"rejectedSpans":"400"}}', 0],
    ["<html>Welcome</html>", 10],
    ["", 10],
  ])("takes the 200 with body %s for %i accepted spans", async (body, accepted) => {
    const exporter = exporterWith(inOrder(() => new Response(body)));
    expect(await exporter.export()).toBe(accepted);
    expect(exporter.failures).toEqual(accepted === 10 ? [] : ["the collector rejects spans"]);
  });

  test("reads no more than the start of an endless response", async () => {
    expect(await exporterWith(inOrder(endless)).export()).toBe(10);
    expect(
      await exporterWith(inOrder(() => new Response(endless().body, { status: 400 }))).export(),
    ).toBe(0);
  });

  test.each([429, 502, 503, 504])("repeats a request that was answered with %i", async (status) => {
    const exporter = exporterWith(inOrder(failing(status), failing(status), ok));
    expect(await settle(exporter.export(), 100)).toBe(10);
    expect(exporter.requests).toHaveLength(3);
    expect(exporter.failures).toEqual([`HTTP ${status}`, `HTTP ${status}`]);
  });

  test.each([301, 302, 307, 400, 401, 403, 404, 413, 500, 501])(
    "does not repeat a request that was answered with %i",
    async (status) => {
      const exporter = exporterWith(inOrder(failing(status, { location: "http://other/" }), ok));
      expect(await exporter.export()).toBe(0);
      expect(exporter.requests).toHaveLength(1);
      expect(exporter.failures).toEqual([`HTTP ${status}`]);
    },
  );

  test.each([
    ["3", 3000],
    ["0", 800],
    [new Date(Date.parse("2026-01-01T00:00:05Z")).toUTCString(), 5000],
  ])("waits for Retry-After: %s at least %i ms", async (field, waitMs) => {
    setSystemTime(new Date("2026-01-01T00:00:00Z"));
    const exporter = exporterWith(inOrder(failing(503, { "retry-after": field }), ok));
    await settle(exporter.export(), 100);
    const [first, second] = exporter.requests;
    const waitedMs = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(waitMs);
    expect(waitedMs).toBeLessThan(waitMs + 600);
  });

  test.each(["86400", "99999999999999", "soon", "-1", ""])(
    "repeats a request for 30 s at most, whatever Retry-After: %p asks for",
    async (field) => {
      const exporter = exporterWith(inOrder(failing(503, { "retry-after": field })));
      const [startedAt, stepMs] = [performance.now(), 100];
      expect(await settle(exporter.export(), stepMs)).toBe(0);
      // A request may be seen a step of the clock later than its timer is due.
      const lastAfterMs = (exporter.requests.at(-1)?.at ?? 0) - startedAt;
      expect(lastAfterMs).toBeLessThan(30_000 + stepMs);
    },
  );

  test("repeats a request without a response ever less often, for 30 s", async () => {
    const refused = Object.assign(new Error("connect http://a:secret@b"), {
      code: "ConnectionRefused",
    });
    const exporter = exporterWith(thrown(refused));
    expect(await settle(exporter.export(), 100)).toBe(0);
    expect(exporter.requests.length).toBeGreaterThan(5);
    expect(exporter.requests.length).toBeLessThan(15);
    expect(new Set(exporter.failures)).toEqual(new Set(["ConnectionRefused"]));
  });

  test("names an error without a code by its class, and never by its message", async () => {
    for (const [error, reason] of [
      [new TypeError("secret"), "TypeError"],
      ["secret", "string"],
    ] as const) {
      const exporter = exporterWith(thrown(error));
      await settle(exporter.export(), 100);
      expect(new Set(exporter.failures)).toEqual(new Set([reason]));
    }
  });

  test("sends each batch once at the end, also one that waits for its retry", async () => {
    const exporter = exporterWith(inOrder(failing(503, { "retry-after": "20" })));
    const exported = exporter.export();
    await new Promise((resolve) => setImmediate(resolve));
    exporter.close();
    expect(await exported).toBe(0);
    expect(exporter.requests).toHaveLength(2);
    expect(await exporter.export()).toBe(0);
    expect(exporter.requests).toHaveLength(3);
  });
});

test("createExporter() ends a request that hangs after its timeout", async () => {
  const exporter = exporterWith(
    (_, { signal }) =>
      new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error)),
      ),
    { timeoutMs: 10, exportTimeoutMs: 20 },
  );
  exporter.close();
  expect(await exporter.export()).toBe(0);
  expect(exporter.failures).toEqual(["TimeoutError"]);
});
