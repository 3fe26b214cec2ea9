// W3C Trace Context (https://www.w3.org/TR/trace-context/): continued from the client, passed on to
// other services.
import type { SpanContext, Tracer } from "../core/tracer.ts";

/** The span of a request. */
export interface RequestSpan extends SpanContext {
  /** The caller's span; undefined if the caller sent none, or does not record it. */
  readonly parentSpanId: string | undefined;
}

/** The trace of a request, and the header fields that it passes on to the services it calls. */
export interface TraceContext {
  readonly traceId: string;
  readonly traceparent: string;
  /** The client's field with the data of tracing vendors, unchanged. */
  readonly tracestate: string | undefined;
  /** Undefined if the trace is not recorded here. */
  readonly span: RequestSpan | undefined;
}

const wellFormed = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTrace = "0".repeat(32);
const zeroParent = "0".repeat(16);
const sampledFlag = 1;

/** A new id of a span. */
export function newSpanId(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}

/** The field that makes a span, which is recorded, the parent of what another service records. */
export function traceparentOf({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`;
}

function recorded(span: RequestSpan, tracestate?: string): TraceContext {
  return { traceId: span.traceId, traceparent: traceparentOf(span), tracestate, span };
}

/**
 * Continues the client's trace. If `traceparent` is missing or malformed, it starts a trace and drops
 * `tracestate`.
 *
 * @param tracer decides whether the trace is recorded here. One that is not is passed on as it came
 */
export function continueTrace(
  traceparent: string | null,
  tracestate: string | null,
  tracer?: Pick<Tracer, "isSampled">,
): TraceContext {
  const [, version, traceId, parentId, flags = "", rest] = traceparent?.match(wellFormed) ?? [];
  if (
    traceparent !== null &&
    traceId !== undefined &&
    version !== "ff" &&
    (version !== "00" || rest === undefined) &&
    traceId !== zeroTrace &&
    parentId !== zeroParent
  ) {
    const vendorData = tracestate ?? undefined;
    const isParentSampled = (Number.parseInt(flags, 16) & sampledFlag) !== 0;
    if (tracer?.isSampled(traceId, isParentSampled) === true) {
      const parentSpanId = isParentSampled ? parentId : undefined;
      return recorded({ traceId, spanId: newSpanId(), parentSpanId }, vendorData);
    }
    return { traceId, traceparent, tracestate: vendorData, span: undefined };
  }
  const random = crypto.getRandomValues(new Uint8Array(24));
  const digits = random.toHex();
  const newId = digits.slice(0, 32);
  const spanId = digits.slice(32);
  if (tracer?.isSampled(random, undefined) === true) {
    return recorded({ traceId: newId, spanId, parentSpanId: undefined });
  }
  return {
    traceId: newId,
    traceparent: `00-${newId}-${spanId}-00`,
    tracestate: undefined,
    span: undefined,
  };
}
