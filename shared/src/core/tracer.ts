// Spans: what a trace shows of one piece of work. Names are those of OpenTelemetry.

/** How other spans and other services refer to a span. Both ids are in lower-case hexadecimal. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** A finished piece of work. */
export interface Span {
  /** Has no id or other text of a request in it: backends group spans by it. */
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly context: SpanContext;
  /** Undefined if it is the first span of its trace that is recorded. */
  readonly parentSpanId: string | undefined;
  /** Monotonic ms, as `performance.now()` gives. */
  readonly startedAt: number;
  /** Monotonic ms. */
  readonly endedAt: number;
  /** Never personal data. A number is an integer; an undefined value is left out. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** The class of the failure, such as `timeout` or `500`; undefined if the work did not fail. */
  readonly errorType: string | undefined;
  /** The spans of other requests that the work was done for. Default: none. */
  readonly links?: readonly SpanContext[];
}

/**
 * The id of a trace. One that starts here: its 16 random bytes, and whatever follows them. One that came with
 * a request: its 32 digits.
 *
 * Requests that are not recorded pay for the decision, and bytes are read faster than the digits of a number.
 */
export type TraceId = Uint8Array | string;

/** Decides which traces are recorded, and records their spans. Its functions never throw. */
export interface Tracer {
  /** @param isParentSampled what the caller decided; undefined if the trace starts here */
  isSampled(traceId: TraceId, isParentSampled: boolean | undefined): boolean;
  /** Takes a span of a sampled trace. */
  record(span: Span): void;
}
