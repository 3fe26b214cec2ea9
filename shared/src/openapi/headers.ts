// The header fields that every service understands and sends, as the API document describes them.
import type { Header, Parameter, Ref } from "./types.ts";

const requestId = {
  type: "string",
  pattern: "^[A-Za-z0-9._-]{1,128}$",
  examples: ["0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2"],
};
const entityTag = {
  type: "string",
  pattern: '^"[\\x21\\x23-\\x7E]*"$',
  examples: ['"m2x8q1"'],
};

/** The header fields of responses, by name. */
export const responseHeaders = {
  Allow: {
    description: "The methods that this path can be asked with",
    required: true,
    schema: { type: "string", pattern: "^[A-Z]+(, [A-Z]+)*$", examples: ["GET, HEAD"] },
  },
  ETag: {
    description: "Identifies this state of the resource: for `If-Match` and `If-None-Match`",
    required: true,
    schema: entityTag,
  },
  "Idempotent-Replayed": {
    description: "Present if the key was used before: this is the first response once more",
    required: false,
    schema: { type: "string", enum: ["true"] },
  },
  Link: {
    description: 'The next page (RFC 8288, `rel="next"`); absent on the last',
    required: false,
    schema: { type: "string", pattern: '^<[^>]+>; rel="next"$' },
  },
  Location: {
    description: "The path of what was created",
    required: true,
    schema: { type: "string", format: "uri-reference", pattern: "^/" },
  },
  "Retry-After": {
    description: "Seconds after which it makes sense to try again",
    required: true,
    schema: { type: "integer", minimum: 1, examples: [1] },
  },
  "X-Request-Id": {
    description: "The id of the request, as in problems and in the logs",
    required: true,
    schema: requestId,
  },
} satisfies Record<string, Header>;

/** The header fields of requests, by name. All are optional. */
export const requestHeaders = {
  "Idempotency-Key": field(
    "Idempotency-Key",
    "Makes the request safe to repeat: of all requests with one key, one takes effect",
    { pattern: "^[\\x21-\\x7E]{1,257}$", examples: ["7d0e2b1c-checkout"] },
  ),
  "If-Match": field("If-Match", "Change the resource only if this is its `ETag` (else 412)", {
    examples: ['"m2x8q1"'],
  }),
  "If-None-Match": field(
    "If-None-Match",
    "Send the resource only if this is not its `ETag` (else 304)",
    { examples: ['"m2x8q1"'] },
  ),
  "X-Request-Id": {
    ...field("X-Request-Id", "Names the request; one that is not well-formed is replaced", {
      examples: requestId.examples,
    }),
    "x-common": true,
  },
  traceparent: {
    ...field("traceparent", "W3C Trace Context: the span that this request belongs to", {
      examples: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    }),
    "x-common": true,
  },
  tracestate: {
    ...field("tracestate", "W3C Trace Context: vendors' own fields", {
      examples: ["vendor=value"],
    }),
    "x-common": true,
  },
} satisfies Record<string, Parameter>;

// The examples are in the schema: Swagger UI sends the example of a parameter when a reader tries a
// request, and a made-up tag or key would change the response.
function field(name: string, description: string, schema: Record<string, string | string[]>) {
  return {
    name,
    in: "header" as const,
    required: false,
    description,
    schema: { type: "string", ...schema },
  };
}

/** The name of a documented header field of responses. */
export type ResponseHeader = keyof typeof responseHeaders;

/** The `headers` of a response. */
export function headerRefs(names: readonly ResponseHeader[]): Record<string, Ref> {
  return Object.fromEntries(
    [...names].sort().map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
}
