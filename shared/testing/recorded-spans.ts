// A tracer that keeps the spans for a test.
import type { Span, Tracer } from "../src/core/tracer.ts";

/** A tracer, and what it has recorded. */
export interface RecordedSpans extends Tracer {
  readonly spans: readonly Span[];
}

/** Makes a tracer. @param isSampled Default: every trace is recorded */
export function recordedSpans(isSampled: Tracer["isSampled"] = () => true): RecordedSpans {
  const spans: Span[] = [];
  return { spans, isSampled, record: (span) => void spans.push(span) };
}
