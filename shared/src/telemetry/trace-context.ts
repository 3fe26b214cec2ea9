// W3C Trace Context (https://www.w3.org/TR/trace-context/): continued from the client, passed on to
// other services.

/** The trace of a request, and the header fields that it passes on to the services it calls. */
export interface TraceContext {
  readonly traceId: string;
  readonly traceparent: string;
  /** The client's field with the data of tracing vendors, unchanged. */
  readonly tracestate: string | undefined;
}

const wellFormed = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTrace = "0".repeat(32);
const zeroParent = "0".repeat(16);

/**
 * Continues the client's trace. If `traceparent` is missing or malformed, it starts a trace and drops
 * `tracestate`.
 */
export function continueTrace(traceparent: string | null, tracestate: string | null): TraceContext {
  const [, version, traceId, parentId, , rest] = traceparent?.match(wellFormed) ?? [];
  if (
    traceparent !== null &&
    traceId !== undefined &&
    version !== "ff" &&
    (version !== "00" || rest === undefined) &&
    traceId !== zeroTrace &&
    parentId !== zeroParent
  ) {
    return { traceId, traceparent, tracestate: tracestate ?? undefined };
  }
  const random = crypto.getRandomValues(new Uint8Array(24)).toHex();
  const newId = random.slice(0, 32);
  return {
    traceId: newId,
    traceparent: `00-${newId}-${random.slice(32)}-00`,
    tracestate: undefined,
  };
}
