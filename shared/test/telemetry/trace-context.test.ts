import { expect, test } from "bun:test";
import { continueTrace } from "../../src/telemetry/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;

test("the caller's trace is continued, with what vendors added", () => {
  const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
  expect(continueTrace(traceparent, tracestate)).toEqual({ traceId, traceparent, tracestate });
  expect(continueTrace(traceparent, null)).toEqual({ traceId, traceparent, tracestate: undefined });
});

test.each([`01-${traceId}-${parentId}-01`, `cc-${traceId}-${parentId}-01-what-comes-later`])(
  "a trace in a version to come is continued: %s",
  (field) => {
    expect(continueTrace(field, null)).toMatchObject({ traceId, traceparent: field });
  },
);

test.each([
  ["missing", null],
  ["empty", ""],
  ["cut", traceparent.slice(0, -1)],
  ["in capitals", traceparent.toUpperCase()],
  ["of no hexadecimal digits", traceparent.replace("0a", "0g")],
  ["with a trace id of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
  ["with a parent id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
  ["of the forbidden version", `ff-${traceId}-${parentId}-01`],
  ["of version 0 with more than it has", `${traceparent}-01`],
  ["of a later version without a hyphen", `01-${traceId}-${parentId}-01x`],
  ["between blanks", ` ${traceparent} `],
  ["there twice", `${traceparent}, ${traceparent}`],
])("where traceparent is %s, a trace is started and the vendors' part dropped", (_, field) => {
  const started = continueTrace(field, "rojo=1");
  expect(started.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(started.traceparent.slice(3, 35)).toBe(started.traceId);
  expect(started.traceId).not.toBe(traceId);
  expect(started.tracestate).toBeUndefined();
});

test("every started trace is another one", () => {
  const ids = Array.from({ length: 1000 }, () => continueTrace(null, null).traceId);
  expect(new Set(ids).size).toBe(1000);
});
