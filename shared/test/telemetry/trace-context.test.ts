import { describe, expect, test } from "bun:test";
import type { Tracer } from "../../src/core/tracer.ts";
import { continueTrace } from "../../src/telemetry/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;

describe("continueTrace()", () => {
  test("continues the client's trace, with the vendors' field", () => {
    const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    expect(continueTrace(traceparent, tracestate)).toEqual({
      traceId,
      traceparent,
      tracestate,
      span: undefined,
    });
    const alone = { traceId, traceparent, tracestate: undefined, span: undefined };
    expect(continueTrace(traceparent, null)).toEqual(alone);
  });

  test.each([`01-${traceId}-${parentId}-01`, `cc-${traceId}-${parentId}-01-later-fields`])(
    "continues a trace of a later version: %s",
    (field) => {
      expect(continueTrace(field, null)).toMatchObject({ traceId, traceparent: field });
    },
  );

  test.each([
    ["missing", null],
    ["empty", ""],
    ["cut", traceparent.slice(0, -1)],
    ["in capitals", traceparent.toUpperCase()],
    ["not hexadecimal", traceparent.replace("0a", "0g")],
    ["with a trace id of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
    ["with a parent id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["of the forbidden version", `ff-${traceId}-${parentId}-01`],
    ["of version 0 with more than it has", `${traceparent}-01`],
    ["of a later version without a hyphen", `01-${traceId}-${parentId}-01x`],
    ["between blanks", ` ${traceparent} `],
    ["given twice", `${traceparent}, ${traceparent}`],
  ])("starts a trace and drops tracestate where traceparent is %s", (_, field) => {
    const started = continueTrace(field, "rojo=1");
    expect(started.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(started.traceparent.slice(3, 35)).toBe(started.traceId);
    expect(started.traceId).not.toBe(traceId);
    expect(started.tracestate).toBeUndefined();
  });

  test("gives every started trace an id of its own", () => {
    const ids = Array.from({ length: 1000 }, () => continueTrace(null, null).traceId);
    expect(new Set(ids).size).toBe(1000);
  });
});

describe("continueTrace() with a tracer", () => {
  const notSampled = traceparent.replace(/01$/, "00");
  const everyTrace = { isSampled: () => true };
  const noTrace = { isSampled: () => false };

  test("makes a span of a recorded trace, a child of the caller's, and passes it on", () => {
    const { span, ...trace } = continueTrace(traceparent, "vendor=1", everyTrace);
    expect(span).toEqual({
      traceId,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentSpanId: parentId,
    });
    expect(span?.spanId).not.toBe(parentId);
    const passedOn = `00-${traceId}-${span?.spanId}-01`;
    expect(trace).toEqual({ traceId, traceparent: passedOn, tracestate: "vendor=1" });
  });

  test("names no parent that the caller does not record", () => {
    const { span } = continueTrace(notSampled, null, everyTrace);
    expect(span).toMatchObject({ traceId, parentSpanId: undefined });
  });

  test.each([traceparent, notSampled])("passes %s on as it came if it is not recorded", (field) => {
    const trace = { traceId, traceparent: field, tracestate: "vendor=1", span: undefined };
    expect(continueTrace(field, "vendor=1", noTrace)).toEqual(trace);
  });

  test("starts a trace whose flag tells other services whether it is recorded", () => {
    const { span, ...recorded } = continueTrace(null, null, everyTrace);
    expect(span).toMatchObject({ traceId: recorded.traceId, parentSpanId: undefined });
    expect(recorded.traceparent).toBe(`00-${recorded.traceId}-${span?.spanId}-01`);
    const other = continueTrace(null, null, noTrace);
    expect(other.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(other.span).toBeUndefined();
  });

  test.each([
    [traceparent, true],
    [notSampled, false],
    [traceparent.replace(/01$/, "ff"), true],
    [traceparent.replace(/01$/, "fe"), false],
    [null, undefined],
    ["malformed", undefined],
  ])("tells the tracer for %s what the caller has decided", (field, expected) => {
    const asked: unknown[] = [];
    const isSampled: Tracer["isSampled"] = (id, isParentSampled) => {
      const digits = typeof id === "string" ? id : id.toHex();
      asked.push([digits.slice(0, 32), isParentSampled]);
      return false;
    };
    const { traceId } = continueTrace(field, null, { isSampled });
    expect(asked).toEqual([[traceId, expected]]);
  });
});
