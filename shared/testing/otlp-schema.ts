// The body of an export request of OTLP in JSON, as the specification and its Protocol Buffers have it:
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const closed = { additionalProperties: false };

const attribute = Type.Object(
  {
    key: Type.String({ minLength: 1 }),
    value: Type.Union([
      Type.Object({ stringValue: Type.String() }, closed),
      // A 64-bit number is a decimal string.
      Type.Object({ intValue: Type.String({ pattern: "^-?\\d+$" }) }, closed),
    ]),
  },
  closed,
);
const attributes = Type.Array(attribute);
const traceId = Type.String({ pattern: "^(?!0+$)[0-9a-f]{32}$" });
const spanId = Type.String({ pattern: "^(?!0+$)[0-9a-f]{16}$" });
const unixNano = Type.String({ pattern: "^1\\d{18}$" });

const span = Type.Object(
  {
    traceId,
    spanId,
    parentSpanId: Type.Optional(spanId),
    name: Type.String({ minLength: 1 }),
    // An enumeration is a number: 1 internal, 2 server, 3 client.
    kind: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)]),
    startTimeUnixNano: unixNano,
    endTimeUnixNano: unixNano,
    attributes,
    links: Type.Optional(Type.Array(Type.Object({ traceId, spanId }, closed), { minItems: 1 })),
    status: Type.Optional(Type.Object({ code: Type.Literal(2) }, closed)),
  },
  closed,
);

const request = Type.Object(
  {
    resourceSpans: Type.Tuple([
      Type.Object(
        {
          resource: Type.Object({ attributes }, closed),
          scopeSpans: Type.Tuple([
            Type.Object(
              {
                scope: Type.Object({ name: Type.String(), version: Type.String() }, closed),
                spans: Type.Array(span, { minItems: 1 }),
              },
              closed,
            ),
          ]),
        },
        closed,
      ),
    ]),
  },
  closed,
);

/** Attributes by their keys. */
type Attributes = Readonly<Record<string, string | number>>;

/** A span that a collector has got. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  /** Microseconds since 1970. */
  readonly startUs: number;
  /** Microseconds since 1970. */
  readonly endUs: number;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
}

/** What one export request had. */
export interface ReceivedBatch {
  readonly resource: Attributes;
  readonly spans: readonly ReceivedSpan[];
}

function byKey(list: typeof attributes.static): Attributes {
  const keys = new Set(list.map(({ key }) => key));
  if (keys.size < list.length) throw new Error("Two attributes have the same key");
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      "intValue" in value ? Number(value.intValue) : value.stringValue,
    ]),
  );
}

const kinds = { 1: "internal", 2: "server", 3: "client" } as const;

function receive(sent: typeof span.static): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, kind, links = [], status } = sent;
  const startUs = Number(sent.startTimeUnixNano.slice(0, -3));
  const endUs = Number(sent.endTimeUnixNano.slice(0, -3));
  if (endUs < startUs) throw new Error(`Span "${name}" ends before it begins`);
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: kinds[kind],
    startUs,
    endUs,
    attributes: byKey(sent.attributes),
    links,
    isError: status !== undefined,
  };
}

/** Reads the body of an export request. @throws Error if it is not as the specification says */
export function readExport(body: string): ReceivedBatch {
  const parsed: unknown = JSON.parse(body);
  const [mismatch] = Value.Errors(request, parsed);
  if (mismatch)
    throw new Error(
      `OTLP: ${mismatch.path} ${mismatch.message}: ${JSON.stringify(mismatch.value)}`,
    );
  const { resourceSpans } = Value.Decode(request, parsed);
  const [{ resource, scopeSpans }] = resourceSpans;
  return { resource: byKey(resource.attributes), spans: scopeSpans[0].spans.map(receive) };
}
