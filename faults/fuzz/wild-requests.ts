// Requests that nobody in their right mind would send, and that HTTP allows all the same.
import * as fc from "fast-check";
import { jsonText } from "./json-texts.ts";
import type { Known } from "./operations.ts";
import type { RawRequest } from "../support/raw-request.ts";

/** What may stand in a field's value: RFC 9110, 5.5, with the bytes past ASCII. */
export const fieldValue = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      fc.integer({ min: 0x80, max: 0xff }),
      fc.constantFrom(0x09, 0x22, 0x2c, 0x2a),
    ),
    { maxLength: 300 },
  )
  .map((bytes) => String.fromCharCode(...bytes));

const fieldNames = [
  "Accept",
  "Authorization",
  "Content-Type",
  "Content-Encoding",
  "Cookie",
  "Forwarded",
  "Host",
  "Idempotency-Key",
  "If-Match",
  "If-Modified-Since",
  "If-None-Match",
  "Origin",
  "Range",
  "Referer",
  "TE",
  "Upgrade",
  "X-Forwarded-For",
  "X-HTTP-Method-Override",
  "X-Request-Id",
  "traceparent",
  "tracestate",
  "__proto__",
  "constructor",
];

const fields = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(...fieldNames),
      fc.stringMatching(/^x-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}$/),
    ),
    fieldValue,
  ),
  { maxLength: 8 },
);

/** A piece of a target: any visible sign, and percent signs that announce nothing. */
const piece = fc.oneof(
  fc.stringMatching(/^[!"$-~]{0,80}$/),
  fc.string({ unit: "binary" }).map((text) => encodeURIComponent(text)),
  fc.constantFrom(
    "%",
    "%zz",
    "%2",
    "%00",
    "%2f",
    "%2e%2e",
    "..",
    ".",
    ";",
    "%ff%fe",
    "%ed%a0%80",
    "*",
  ),
);

const names = ["limit", "after", "email", "user_id", "status", "limit[]", "__proto__", "x"];

const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), piece), piece), { maxLength: 6 })
  .map((pairs) => (pairs.length > 0 ? `?${pairs.map((pair) => pair.join("=")).join("&")}` : ""));

/** Any path of any depth, with any query. */
export const anyTarget: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom("users", "orders", "swagger", "health"), piece), {
      maxLength: 5,
    }),
    query,
  )
  .map(([segments, query]) => `/${segments.join("/")}${query}`);

/** A request for an operation, of which nothing but the method and most of the path is right. */
export function wildRequest({ method, path }: Known): fc.Arbitrary<RawRequest> {
  const body = fc.oneof(
    jsonText.map((text): Uint8Array => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }),
  );
  return fc
    .record(
      {
        id: fc.oneof({ weight: 3, arbitrary: piece }, fc.uuid()),
        query,
        headers: fields,
        isJson: fc.boolean(),
        body,
        chunkBytes: fc.integer({ min: 1, max: 50 }),
      },
      { requiredKeys: ["id", "query", "headers", "isJson"], noNullPrototype: true },
    )
    .map(({ id, query, headers, isJson, body, chunkBytes }) => ({
      method,
      target: path.replace("{id}", id) + query,
      headers: isJson ? [["Content-Type", "application/json"] as const, ...headers] : headers,
      body,
      chunkBytes,
    }));
}
