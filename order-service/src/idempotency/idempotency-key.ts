// The Idempotency-Key field: draft-ietf-httpapi-idempotency-key-header, and the bare keys in use.
import type { OrderDraft } from "../orders/order.ts";

const bare = /^[\x21-\x7e]{1,255}$/;
// RFC 9651, 3.3.3: a String escapes the quote and the backslash, and nothing else.
const quoted = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;

/**
 * The key in a field: `k` and `"k"` are one. Undefined if it is none: empty, too long, with blanks,
 * or several fields, which arrive joined by a comma and a blank.
 */
export function parseIdempotencyKey(field: string): string | undefined {
  const key = field.startsWith('"') ? quoted.exec(field)?.[1]?.replace(/\\(["\\])/g, "$1") : field;
  return key !== undefined && bare.test(key) ? key : undefined;
}

/** A short text that is the same for equal drafts, and for no others. */
export function fingerprintOf({ userId, lines }: OrderDraft): string {
  const wish = lines.map(({ sku, quantity, unitPriceCents }) => [sku, quantity, unitPriceCents]);
  return new Bun.CryptoHasher("sha256").update(JSON.stringify([userId, wish])).digest("hex");
}
