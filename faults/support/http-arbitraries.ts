// Parts of requests that HTTP allows, although no ordinary client sends them.
import * as fc from "fast-check";

/** Field values (RFC 9110, 5.5), with bytes beyond ASCII. */
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

const fieldNames = (
  "Accept Authorization Content-Type Content-Encoding Cookie Forwarded Host Idempotency-Key " +
  "If-Match If-Modified-Since If-None-Match Origin Range Referer TE Upgrade X-Forwarded-For " +
  "X-HTTP-Method-Override X-Request-Id traceparent tracestate __proto__ constructor"
).split(" ");

/** Header fields, known and unknown ones. */
export const anyFields = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(...fieldNames),
      fc.stringMatching(/^x-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}$/),
    ),
    fieldValue,
  ),
  { maxLength: 8 },
);

/** A segment of a target: any visible character, and invalid percent-encodings. */
export const anySegment = fc.oneof(
  fc.stringMatching(/^[!"$-~]{0,80}$/),
  fc.string({ unit: "binary" }).map((text) => encodeURIComponent(text)),
  fc.constantFrom(..."% %zz %2 %00 %2f %2e%2e .. . ; %ff%fe %ed%a0%80 *".split(" ")),
);

const names = ["limit", "after", "email", "user_id", "status", "limit[]", "__proto__", "x"];

/** A query, or none. */
export const anyQuery = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), anySegment), anySegment), { maxLength: 6 })
  .map((pairs) => (pairs.length > 0 ? `?${pairs.map((pair) => pair.join("=")).join("&")}` : ""));

/** Paths of any depth, with any query. */
export const anyTarget: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom("users", "orders", "swagger", "health"), anySegment), {
      maxLength: 5,
    }),
    anyQuery,
  )
  .map(([segments, query]) => `/${segments.join("/")}${query}`);
