// Idempotency keys in SQLite.
import type { SqliteStorage } from "../sqlite/sqlite-storage.ts";
import {
  ClaimLost,
  leaseMs,
  renewalIntervalMs,
  type Claim,
  type ClaimResult,
  type IdempotencyKeys,
} from "./claim.ts";
import { claimRenewal } from "./claim-renewal.ts";
import { keyClock } from "./key-clock.ts";

interface KeyRow {
  fingerprint: string | null;
  lease_until: number;
  resource_id: string | null;
}

interface SqliteIdempotencyParts<T> {
  /** The resource with an id; runs inside a read or a write. */
  find(id: string): T | undefined;
  /** Milliseconds since 1970, the same clock for every process on the database. */
  now(): number;
  /** The column with the id of a completed key's resource. Default: `resource_id` */
  readonly idColumn?: `${string}_id`;
}

/**
 * Makes the keys' part of a store, whose resources `T` are rows of the same database. Its table
 * `idempotency_keys` is as docs/add-a-service.md shows it:
 *
 * - claimed: there is a fingerprint and no id. The claim holds until `lease_until`.
 * - completed: there are both.
 * - deleted: there is neither, where a trigger erases both when the resource is deleted; or the id of a
 *   resource that is gone. A foreign key that cascades deletes the key itself, which is free again then.
 */
export function sqliteIdempotency<T>(
  { db, read, write }: SqliteStorage,
  { find: findResource, now, idColumn = "resource_id" }: SqliteIdempotencyParts<T>,
) {
  const clock = keyClock(now);

  const find = db.prepare<KeyRow, { key: string }>(`
    SELECT fingerprint, lease_until, ${idColumn} AS resource_id
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
    WHERE key = $key AND token = $token AND ${idColumn} IS NULL`);
  const completeClaim = db.prepare<unknown, Claim & { id: string }>(`
    UPDATE idempotency_keys
    SET ${idColumn} = $id
    WHERE key = $key AND token = $token AND ${idColumn} IS NULL`);
  const held = db.prepare<unknown, Claim>(`
    SELECT key
    FROM idempotency_keys
    WHERE key = $key AND token = $token AND ${idColumn} IS NULL`);
  const release = db.prepare<unknown, Claim>(`
    DELETE FROM idempotency_keys
    WHERE key = $key AND token = $token AND ${idColumn} IS NULL`);
  const anyOlder = db.prepare<unknown, { time: number }>(`
    SELECT key
    FROM idempotency_keys
    WHERE created_at < $time
    LIMIT 1`);
  const forget = db.prepare<unknown, { time: number; max: number }>(`
    DELETE FROM idempotency_keys
    WHERE key IN (
      SELECT key
      FROM idempotency_keys
      WHERE created_at < $time
      ORDER BY created_at
      LIMIT +$max
    )`);

  const renewal = claimRenewal(
    (claims) =>
      write(() => {
        const leaseUntil = now() + leaseMs;
        for (const { key, token } of claims) renew.run({ key, token, leaseUntil });
      }),
    renewalIntervalMs,
  );

  /** Why a key cannot be claimed for a request with this fingerprint; undefined if it can. */
  function knownResult(key: string, fingerprint: string): ClaimResult<T> | undefined {
    const row = find.get({ key });
    if (row === null) return undefined;
    if (row.fingerprint === null) return { outcome: "deleted" };
    // A claim's lease never ends later than `leaseMs` from now. One that does was given before the
    // clock was set back, and says nothing.
    const leaseLeftMs = row.lease_until - now();
    const isClaimed = leaseLeftMs > 0 && leaseLeftMs <= leaseMs;
    if (row.resource_id === null && !isClaimed) return undefined;
    if (row.fingerprint !== fingerprint) return { outcome: "reused" };
    if (row.resource_id === null) return { outcome: "in-progress" };
    const result = findResource(row.resource_id);
    return result === undefined ? { outcome: "deleted" } : { outcome: "completed", result };
  }

  function complete({ key, token }: Claim, id: string): void {
    if (completeClaim.run({ key, token, id }).changes === 0) throw new ClaimLost();
  }

  const isHeld = ({ key, token }: Claim) => held.get({ key, token }) !== null;

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
    async forgetKeys(ageMs, max) {
      const time = clock.judgedAt() - ageMs;
      // Mostly no key is old enough, and a read does not wait for another process's lock.
      if ((await read(() => anyOlder.get({ time }))) === null) return 0;
      return write(() => forget.run({ time, max }).changes);
    },
  };

  return {
    /** The store's own methods. */
    keys,
    /**
     * A write that stores a new resource and, in the same transaction, that it completes the claim.
     *
     * @param insert the change of the write: it stores the resource and returns its row, or returns an
     * error and has stored nothing
     * @returns the row. Rejects with ClaimLost if another request has claimed the key since, and else
     * with the error: nothing is stored then
     */
    async writeOnce<R extends { readonly id: string }>(
      insert: () => R | Error,
      claim: Claim | undefined,
    ): Promise<R> {
      try {
        // In an object, since the compiler cannot know of a type parameter that it is no promise.
        const { outcome } = await write(() => {
          const outcome = insert();
          if (claim === undefined) return { outcome };
          if (!(outcome instanceof Error)) complete(claim, outcome.id);
          // What is in the way may have been stored by another request with this key.
          else if (!isHeld(claim)) return { outcome: new ClaimLost() };
          return { outcome };
        });
        if (outcome instanceof Error) throw outcome;
        return outcome;
      } finally {
        if (claim !== undefined) renewal.stop(claim);
      }
    },
  };
}
