// The Idempotency-Key header: draft-ietf-httpapi-idempotency-key-header, and the bare keys in use.

const bare = /^[\x21-\x7e]{1,255}$/;
// RFC 9651, 3.3.3: a String escapes the quote and the backslash, and nothing else.
const quoted = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;

/** 255 escaped characters and two quotes. The pattern would take seconds for a megabyte. */
const maxValueLength = 512;

/**
 * The key in the header's value, which is 1 to 255 visible ASCII characters, bare or quoted: `k` and
 * `"k"` are the same key. Undefined for anything else, also for several headers, which arrive as one
 * value joined by a comma and a space.
 */
export function parseIdempotencyKey(value: string): string | undefined {
  if (value.length > maxValueLength) return undefined;
  const key = value.startsWith('"') ? quoted.exec(value)?.[1]?.replace(/\\(["\\])/g, "$1") : value;
  return key !== undefined && bare.test(key) ? key : undefined;
}
