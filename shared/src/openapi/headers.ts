// The header fields that every service understands and sends, as the API document describes them.
import type { Header, Parameter, Ref } from "./types.ts";

/** The request id of every example. */
export const exampleRequestId = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";
const exampleETag = '"m2x8q1"';

/** The header fields of responses, by name. */
export const responseHeaders = {
  Accept: {
    description: "The media type that a body must have",
    required: true,
    schema: { type: "string", const: "application/json" },
  },
  "Accept-Encoding": {
    description: "The content coding that a body must have: none",
    required: true,
    schema: { type: "string", const: "identity" },
  },
  "Accept-Patch": {
    description: "The media type that the body of a PATCH must have (RFC 5789)",
    required: true,
    schema: { type: "string", const: "application/json" },
  },
  Allow: {
    description: "The methods of this path",
    required: true,
    schema: { type: "string", pattern: "^[A-Z]+(, [A-Z]+)*$", examples: ["GET, HEAD"] },
  },
  ETag: {
    description: "Identifies this state of the resource: for `If-Match` and `If-None-Match`",
    required: true,
    schema: { type: "string", pattern: '^"[\\x21\\x23-\\x7E]*"$', examples: [exampleETag] },
  },
  "Idempotent-Replayed": {
    description: "Present if an earlier request used the key: the response repeats the first one",
    required: false,
    schema: { type: "string", enum: ["true"] },
  },
  Link: {
    description: 'The next page (RFC 8288, `rel="next"`); absent on the last',
    required: false,
    schema: { type: "string", pattern: '^<[^>]+>; rel="next"$' },
  },
  Location: {
    description:
      "The address of the created resource: a path, or a URL if the service knows its own",
    required: true,
    schema: { type: "string", format: "uri-reference", pattern: "^(https?://[^/]+)?/" },
  },
  "Retry-After": {
    description: "Seconds after which it makes sense to try again",
    required: true,
    schema: { type: "integer", minimum: 1, examples: [1] },
  },
  "WWW-Authenticate": {
    description: "Which token is needed, and what is wrong with the one sent (RFC 6750)",
    required: true,
    schema: {
      type: "string",
      pattern: '^Bearer realm="[^"]+"(, [a-z_]+="[^"]+")*$',
      examples: ['Bearer realm="shop", error="invalid_token"'],
    },
  },
  "X-Request-Id": {
    description: "The id of the request, as in problems and in the logs",
    required: true,
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$", examples: [exampleRequestId] },
  },
} satisfies Record<string, Header>;

// The examples are in the schema: Swagger UI sends the example of a parameter when a reader tries a
// request, and a made-up tag or key would change the response.
const requestFields = {
  "Idempotency-Key": {
    description: "Makes the request safe to repeat: of all requests with one key, one takes effect",
    schema: { type: "string", pattern: "^[\\x21-\\x7E]{1,257}$", examples: ["7d0e2b1c-checkout"] },
  },
  "If-Match": {
    description: "Change the resource only if this is its `ETag` (else 412)",
    schema: { type: "string", examples: [exampleETag] },
  },
  "If-None-Match": {
    description: "Send the resource only if this is not its `ETag` (else 304)",
    schema: { type: "string", examples: [exampleETag] },
  },
  "X-Request-Id": {
    description: "Names the request; the service replaces an id that is not well-formed",
    schema: { type: "string", examples: [exampleRequestId] },
    "x-common": true,
  },
  traceparent: {
    description: "W3C Trace Context: the span that this request belongs to",
    schema: {
      type: "string",
      examples: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    },
    "x-common": true,
  },
  tracestate: {
    description: "W3C Trace Context: vendors' own fields",
    schema: { type: "string", examples: ["vendor=value"] },
    "x-common": true,
  },
} satisfies Record<string, Omit<Parameter, "name" | "in" | "required">>;

/** The header fields of requests, by name. All are optional. */
export const requestHeaders: Record<string, Parameter> = Object.fromEntries(
  Object.entries(requestFields).map(([name, field]) => [
    name,
    { name, in: "header" as const, required: false, ...field },
  ]),
);

/** The name of a documented header field of responses. */
export type ResponseHeader = keyof typeof responseHeaders;

/** The `headers` of a Response Object: for each name, a reference to its component. */
export function headerRefs(names: readonly ResponseHeader[]): Record<string, Ref> {
  return Object.fromEntries(
    [...names].sort().map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
}
