import { describe, expect, test } from "bun:test";
import type { Span } from "../../src/core/tracer.ts";
import { startRecorder } from "../../src/tracing/recorder.ts";
import { hang, refuse, startCollector, type Collector } from "../../testing/collector.ts";

const span: Span = {
  name: "GET /notes",
  kind: "server",
  context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
  parentSpanId: undefined,
  startedAt: 1,
  endedAt: 2,
  attributes: {},
  errorType: undefined,
};

function recorderTo({ url }: Pick<Collector, "url">) {
  const failures: string[] = [];
  let dropped = 0;
  const recorder = startRecorder({
    url: `${url}/v1/traces`,
    headers: { "x-tenant": "a" },
    timeoutMs: 10_000,
    exportTimeoutMs: 30_000,
    scheduleDelayMs: 60_000,
    maxQueueSize: 100,
    maxBatchSize: 10,
    sampler: "parentbased_traceidratio",
    samplerRatio: 0,
    resource: { "service.name": "notes" },
    version: "1.2.3",
    onFailed: (reason) => void failures.push(reason),
    onDropped: (spans) => void (dropped += spans),
  });
  return { ...recorder, failures, dropped: () => dropped };
}

describe("startRecorder()", () => {
  test("sends to the collector every span once, and the last ones at the end", async () => {
    await using collector = startCollector();
    const { close, record, dropped } = recorderTo(collector);
    for (let n = 0; n < 25; n += 1) record({ ...span, name: `span ${n}` });
    await close(10_000);
    expect(collector.spans.map(({ name }) => name)).toEqual(
      Array.from({ length: 25 }, (_, n) => `span ${n}`),
    );
    expect(collector.batches.every(({ spans }) => spans.length <= 10)).toBe(true);
    expect(collector.batches[0]?.resource).toEqual({ "service.name": "notes" });
    expect(collector.headers[0]?.get("x-tenant")).toBe("a");
    expect(dropped()).toBe(0);
  });

  test("decides by its sampler", async () => {
    const { isSampled } = recorderTo({ url: "http://127.0.0.1:1" });
    const { traceId } = span.context;
    expect([true, false, undefined].map((parent) => isSampled(traceId, parent))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    ["refuses", refuse(400), 60_000, ["HTTP 400"]],
    [
      "responds with a redirect",
      refuse(307, { location: "http://127.0.0.1:1/" }),
      60_000,
      ["HTTP 307"],
    ],
    ["hangs", hang, 100, []],
  ])("counts what a collector does not get that %s", async (_, respond, maxMs, failures) => {
    await using collector = startCollector(respond);
    const recorder = recorderTo(collector);
    for (let n = 0; n < 5; n += 1) recorder.record(span);
    await recorder.close(maxMs);
    expect(recorder.dropped()).toBe(5);
    expect(recorder.failures).toEqual(failures);
  });

  test("counts what a dead collector does not get, and does not wait for it", async () => {
    const recorder = recorderTo({ url: "http://127.0.0.1:1" });
    for (let n = 0; n < 5; n += 1) recorder.record(span);
    await recorder.close(60_000);
    expect(recorder.dropped()).toBe(5);
    expect(recorder.failures).toEqual(["ECONNREFUSED"]);
  });
});
