import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import type { Span } from "../../src/core/tracer.ts";
import { encodeSpan, followClock, rejectedSpans, requestEncoder } from "../../src/tracing/otlp.ts";
import { readExport } from "../../testing/otlp-schema.ts";

const context = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const span: Span = {
  name: "GET /notes/{id}",
  kind: "server",
  context,
  parentSpanId: undefined,
  startedAt: 1000,
  endedAt: 1001.5,
  attributes: { "http.route": "/notes/{id}", "http.response.status_code": 200, left: undefined },
  errorType: undefined,
};
const encodeRequest = requestEncoder({ "service.name": "notes" }, "1.2.3");

/** The span as a collector reads it. */
const received = (changed: Partial<Span> = {}) =>
  readExport(encodeRequest([encodeSpan({ ...span, ...changed })])).spans[0];

describe("encodeSpan()", () => {
  test("writes ids in hexadecimal, enumerations as numbers and integers as strings", () => {
    expect(JSON.parse(encodeSpan({ ...span, errorType: "500", links: [context] }))).toEqual({
      ...context,
      name: span.name,
      kind: 2,
      startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
      endTimeUnixNano: expect.stringMatching(/^\d{19}$/),
      attributes: [
        { key: "http.route", value: { stringValue: "/notes/{id}" } },
        { key: "http.response.status_code", value: { intValue: "200" } },
        { key: "error.type", value: { stringValue: "500" } },
      ],
      links: [context],
      status: { code: 2 },
    });
  });

  test.each([
    ["server", {}],
    ["client", { links: [context, context], parentSpanId: "00f067aa0ba902b7" }],
    ["internal", { attributes: {}, errorType: "busy" }],
  ] as const)("writes for kind %s what the specification says", (kind, changed) => {
    const { attributes, errorType, links = [], parentSpanId } = { ...span, ...changed };
    const { left: _, ...present } = { left: 0, ...attributes };
    expect(received({ kind, ...changed })).toMatchObject({
      ...context,
      kind,
      parentSpanId,
      links: [...links],
      isError: errorType !== undefined,
      attributes: errorType === undefined ? present : { ...present, "error.type": errorType },
    });
  });

  test("keeps text that is special in JSON, or beyond ASCII", () => {
    const text = `"\\\n\u0000\u2028…😀`;
    expect(received({ name: text, attributes: { text } })).toMatchObject({
      name: text,
      attributes: { text },
    });
  });

  test("gives times of the system clock, and durations of the monotonic one", () => {
    const startedAt = performance.now();
    const found = received({ startedAt, endedAt: startedAt + 1.5 });
    expect((found?.endUs ?? 0) - (found?.startUs ?? 0)).toBe(1500);
    expect(Math.abs((found?.startUs ?? 0) / 1000 - Date.now())).toBeLessThan(1000);
  });
});

describe("followClock()", () => {
  afterEach(() => {
    setSystemTime();
    followClock();
  });

  test("follows a system clock that was set", () => {
    const now = Date.now() + 3_600_000;
    setSystemTime(now);
    followClock();
    const at = performance.now();
    const startMs = (received({ startedAt: at, endedAt: at })?.startUs ?? 0) / 1000;
    expect(Math.abs(startMs - now)).toBeLessThan(1000);
  });
});

describe("requestEncoder()", () => {
  test("puts the attributes of the process in front, whatever they have in them", () => {
    const resource = { "service.name": 'no"tes', "a\\b": "é" };
    const body = requestEncoder(resource, "1.2.3")([encodeSpan(span), encodeSpan(span)]);
    expect(readExport(body)).toMatchObject({ resource, spans: [context, context] });
  });
});

describe("rejectedSpans()", () => {
  test.each([
    ["{}", 0],
    ["", 0],
    ["<html>", 0],
    ["null", 0],
    ['{"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}}', 3],
    ['{"partialSuccess":{"rejectedSpans":3}}', 3],
    ['{"partialSuccess":{"errorMessage":"a warning"}}', 0],
    ['{"partialSuccess":{"rejectedSpans":"-1"}}', 0],
    ['{"partialSuccess":{"rejectedSpans":{}}}', 0],
    ['{"partialSuccess":null}', 0],
  ])("reads %s as %i", (response, expected) => expect(rejectedSpans(response)).toBe(expected));
});
