// Idempotency keys in SQLite.
import type { SqliteStorage } from "../sqlite/sqlite-storage.ts";
import { ClaimLost, type Claim, type ClaimResult, type IdempotencyKeys } from "./claim.ts";
import { claimRenewal } from "./claim-renewal.ts";
import { keyClock } from "./key-clock.ts";

/** How long a claim lasts without a renewal, in ms: the key of a dead process is free after this. */
const leaseMs = 8000;

interface KeyRow {
  fingerprint: string;
  lease_until: number;
  order_id: string | null;
}

interface SqliteIdempotencyParts<T> {
  /** The result of a completed key; runs inside a read or a write. */
  find(orderId: string): T | undefined;
  /** Milliseconds since 1970, the same clock for every process on the database. */
  now(): number;
}

/** Makes the keys' part of a store, whose results `T` are rows of the same database. */
export function sqliteIdempotency<T>(
  { db, read, write }: SqliteStorage,
  { find: findResult, now }: SqliteIdempotencyParts<T>,
) {
  const clock = keyClock(now);

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
  const complete = db.prepare<unknown, Claim & { orderId: string }>(`
    UPDATE idempotency_keys
    SET order_id = $orderId
    WHERE key = $key AND token = $token AND order_id IS NULL`);
  const release = db.prepare<unknown, Claim>(`
    DELETE FROM idempotency_keys
    WHERE key = $key AND token = $token AND order_id IS NULL`);
  const forget = db.prepare<unknown, { time: number; max: number }>(`
    DELETE FROM idempotency_keys
    WHERE key IN (
      SELECT key
      FROM idempotency_keys
      WHERE created_at < $time
      ORDER BY created_at
      LIMIT $max
    )`);

  const renewal = claimRenewal(
    (claims) =>
      write(() => {
        const leaseUntil = now() + leaseMs;
        for (const { key, token } of claims) renew.run({ key, token, leaseUntil });
      }),
    leaseMs / 4,
  );

  /** Why a key cannot be claimed for a request with this fingerprint; undefined if it can. */
  function knownResult(key: string, fingerprint: string): ClaimResult<T> | undefined {
    const row = find.get({ key });
    if (row === null) return undefined;
    // A claim's lease never ends later than `leaseMs` from now. One that does was given before the
    // clock was set back, and says nothing.
    const leaseLeftMs = row.lease_until - now();
    const isClaimed = leaseLeftMs > 0 && leaseLeftMs <= leaseMs;
    if (row.order_id === null && !isClaimed) return undefined;
    if (row.fingerprint !== fingerprint) return { outcome: "reused" };
    if (row.order_id === null) return { outcome: "in-progress" };
    const result = findResult(row.order_id);
    return result && { outcome: "completed", result };
  }

  const keys: IdempotencyKeys<T> = {
    async claim(key, fingerprint) {
      const known = await read(() => knownResult(key, fingerprint));
      if (known !== undefined) return known;
      const result = await write(() => {
        const knownNow = knownResult(key, fingerprint);
        if (knownNow !== undefined) return knownNow;
        const token = Bun.randomUUIDv7();
        const leaseUntil = now() + leaseMs;
        claim.run({ key, fingerprint, token, leaseUntil, createdAt: clock.claimedAt() });
        return { outcome: "claimed", claim: { key, token } } as const;
      });
      if (result.outcome === "claimed") renewal.start(result.claim);
      return result;
    },
    async release({ key, token }) {
      renewal.stop({ key, token });
      await write(() => void release.run({ key, token }));
    },
    forgetKeys: (time, max) => write(() => forget.run({ time, max }).changes),
  };

  return {
    /** The store's own methods. */
    keys,
    /**
     * Runs inside the write that stores the order, so that both are stored or neither.
     *
     * @throws ClaimLost, which undoes the write
     */
    complete({ key, token }: Claim, orderId: string): void {
      if (complete.run({ key, token, orderId }).changes === 0) throw new ClaimLost();
    },
    /** Ends a claim's renewal, once the write that completes it has ended. */
    stopRenewing: renewal.stop,
  };
}
