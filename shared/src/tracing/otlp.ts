// OTLP in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal,
// 64-bit numbers as decimal strings, enumerations as numbers.
import type { Span } from "../core/tracer.ts";

const kinds = { internal: 1, server: 2, client: 3 } as const;

/** The status of a span that failed. A span that did not has none, which means "unset". */
const errorStatus = `"status":{"code":2}`;

/** System clock minus monotonic clock, in ms. */
let offsetMs = performance.timeOrigin;

/** A smaller difference to the system clock, in ms, is its own resolution or that of its corrections. */
const maxDriftMs = 10;

/** Follows a system clock that was set. Between two calls spans keep their order and distances. */
export function followClock(): void {
  const nowMs = Date.now() - performance.now();
  if (Math.abs(nowMs - offsetMs) > maxDriftMs) offsetMs = nowMs;
}

/** The text of a time, in ns since 1970, exact to a microsecond. */
function unixNano(monotonicMs: number): string {
  return `${Math.round((offsetMs + monotonicMs) * 1000)}000`;
}

/** Values of a key whose JSON is kept: methods, routes, statuses. Paths, which differ, fill it and no more. */
const maxKnownValues = 200;
const maxKnownLength = 100;
const knownAttributes = new Map<string, Map<string | number, string>>();

/** The JSON of an attribute. Its key needs no escaping, and is one of few. */
function attribute(key: string, value: string | number): string {
  let known = knownAttributes.get(key);
  if (known === undefined) {
    known = new Map();
    knownAttributes.set(key, known);
  }
  const found = known.get(value);
  if (found !== undefined) return found;
  const encoded =
    typeof value === "number"
      ? `{"key":"${key}","value":{"intValue":"${value}"}}`
      : `{"key":"${key}","value":{"stringValue":${JSON.stringify(value)}}}`;
  if (known.size < maxKnownValues && encoded.length <= maxKnownLength) known.set(value, encoded);
  return encoded;
}

/** The JSON of a span's attributes. */
function encodeAttributes({ attributes, errorType }: Span): string {
  let encoded = "";
  let separator = "";
  // Object.entries() would make an array for each attribute.
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    encoded += separator + attribute(key, value);
    separator = ",";
  }
  return errorType === undefined
    ? encoded
    : encoded + separator + attribute("error.type", errorType);
}

/** The JSON of a span. */
export function encodeSpan(span: Span): string {
  const { context, parentSpanId, name, kind, startedAt, endedAt, errorType, links = [] } = span;
  const linked = links.map(
    ({ traceId, spanId }) => `{"traceId":"${traceId}","spanId":"${spanId}"}`,
  );
  return (
    `{"traceId":"${context.traceId}","spanId":"${context.spanId}",` +
    (parentSpanId === undefined ? "" : `"parentSpanId":"${parentSpanId}",`) +
    `"name":${JSON.stringify(name)},"kind":${kinds[kind]},` +
    `"startTimeUnixNano":"${unixNano(startedAt)}","endTimeUnixNano":"${unixNano(endedAt)}",` +
    `"attributes":[${encodeAttributes(span)}]` +
    (linked.length === 0 ? "" : `,"links":[${linked.join()}]`) +
    (errorType === undefined ? "}" : `,${errorStatus}}`)
  );
}

/**
 * Makes a function that joins encoded spans to the body of an export request.
 *
 * @param resource the attributes of the process; their keys may be any text
 */
export function requestEncoder(
  resource: Readonly<Record<string, string>>,
  scopeVersion: string,
): (spans: readonly string[]) => string {
  const attributes = Object.entries(resource).map(([key, value]) => ({
    key,
    value: { stringValue: value },
  }));
  const scope = { name: "@platform/shared/tracing", version: scopeVersion };
  const start =
    `{"resourceSpans":[{"resource":${JSON.stringify({ attributes })},` +
    `"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`;
  return (spans) => `${start}${spans.join()}]}]}]}`;
}

/** How many spans a collector has rejected, by the JSON of its response to an export request. */
export function rejectedSpans(response: string): number {
  try {
    const { partialSuccess } = JSON.parse(response) as {
      partialSuccess?: { rejectedSpans?: unknown };
    };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0; // a collector that responds with 2xx in another format has accepted all
  }
}
