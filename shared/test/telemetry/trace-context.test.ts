import { describe, expect, test } from "bun:test";
import { continueTrace } from "../../src/telemetry/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;

describe("continueTrace()", () => {
  test("continues the client's trace, with the vendors' field", () => {
    const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    expect(continueTrace(traceparent, tracestate)).toEqual({ traceId, traceparent, tracestate });
    const alone = { traceId, traceparent, tracestate: undefined };
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
