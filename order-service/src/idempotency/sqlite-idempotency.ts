// Idempotency keys in SQLite. Nothing here opens a transaction: the order store runs these steps
// inside its own, so that a key and its order are stored together or not at all.
import type { Database } from "bun:sqlite";
import { keyClock } from "./key-clock.ts";
import type { Claim } from "../orders/order-store.ts";

/** How long a claim holds without being renewed, in ms: a dead holder's key is free after this. */
export const leaseMs = 8000;

/** What is known about a key. */
export type KeyState =
  | { readonly state: "free" }
  | { readonly state: "at work"; readonly fingerprint: string }
  | { readonly state: "used"; readonly fingerprint: string; readonly orderId: string };

interface KeyRow {
  fingerprint: string;
  lease_until: number;
  order_id: string | null;
}

/** @param now milliseconds since 1970, the same clock for every process on the database */
export function sqliteIdempotency(db: Database, now: () => number, clock = keyClock(now)) {
  const find = db.prepare<KeyRow, { key: string }>(`
    SELECT fingerprint, lease_until, order_id
    FROM idempotency_keys
    WHERE key = $key`);
  const claim = db.prepare<
    unknown,
    { key: string; fingerprint: string; token: string; leaseUntil: number; createdAt: number }
  >(`
    INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, created_at)
    VALUES ($key, $fingerprint, $token, $leaseUntil, $createdAt)
    ON CONFLICT (key) DO UPDATE
    SET fingerprint = $fingerprint, token = $token, lease_until = $leaseUntil,
      created_at = $createdAt`);
  const renew = db.prepare<unknown, Claim & { leaseUntil: number }>(`
    UPDATE idempotency_keys
    SET lease_until = $leaseUntil
    WHERE key = $key AND token = $token AND order_id IS NULL`);
  const held = db.prepare<{ key: string }, Claim>(`
    SELECT key
    FROM idempotency_keys
    WHERE key = $key AND token = $token AND order_id IS NULL`);
  const use = db.prepare<unknown, Claim & { orderId: string }>(`
    UPDATE idempotency_keys
    SET order_id = $orderId
    WHERE key = $key AND token = $token`);
  const release = db.prepare<unknown, Claim>(`
    DELETE FROM idempotency_keys
    WHERE key = $key AND token = $token AND order_id IS NULL`);
  const forget = db.prepare<unknown, { time: number; most: number }>(`
    DELETE FROM idempotency_keys
    WHERE key IN (
      SELECT key
      FROM idempotency_keys
      WHERE created_at < $time
      ORDER BY created_at
      LIMIT $most
    )`);

  return {
    stateOf(key: string): KeyState {
      const row = find.get({ key });
      if (row === null) return { state: "free" };
      const { fingerprint, order_id: orderId, lease_until: leaseUntil } = row;
      if (orderId !== null) return { state: "used", fingerprint, orderId };
      // A lease that ends later than any that could be given now was given before the clock was set
      // back, and says nothing.
      const left = leaseUntil - now();
      return left > 0 && left <= leaseMs ? { state: "at work", fingerprint } : { state: "free" };
    },
    claim(key: string, fingerprint: string): Claim {
      const token = Bun.randomUUIDv7();
      const leaseUntil = now() + leaseMs;
      claim.run({ key, fingerprint, token, leaseUntil, createdAt: clock.claimedAt() });
      return { key, token };
    },
    renew(claims: Iterable<Claim>): void {
      const leaseUntil = now() + leaseMs;
      for (const { key, token } of claims) renew.run({ key, token, leaseUntil });
    },
    /** Whether a claim is still there, so that its order may be stored. */
    isHeld({ key, token }: Claim): boolean {
      return held.get({ key, token }) !== null;
    },
    use({ key, token }: Claim, orderId: string): void {
      use.run({ key, token, orderId });
    },
    release({ key, token }: Claim): void {
      release.run({ key, token });
    },
    forget(time: number, most: number): number {
      return forget.run({ time, most }).changes;
    },
  };
}
