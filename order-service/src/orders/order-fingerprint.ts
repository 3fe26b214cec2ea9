// Recognises requests for the same order.
import type { OrderDraft } from "./order.ts";

/**
 * A digest of 64 characters that is the same for equal drafts and for no others. It is stored with an
 * idempotency key and compared by other versions of the service, so a change of what it is made of
 * would refuse the repeats of every request that is a day old or younger.
 */
export function fingerprintOf({ userId, lines }: OrderDraft): string {
  const items = lines.map(({ sku, quantity, unitPriceCents }) => [sku, quantity, unitPriceCents]);
  return new Bun.CryptoHasher("sha256").update(JSON.stringify([userId, items])).digest("hex");
}
