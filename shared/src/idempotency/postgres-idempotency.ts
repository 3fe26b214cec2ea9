// Idempotency keys in PostgreSQL.
import { StorageUnavailable } from "../core/storage.ts";
import { batchWrites } from "../postgres/batch-writes.ts";
import { customPlan } from "../postgres/custom-plan.ts";
import type { PostgresStorage } from "../postgres/postgres-storage.ts";
import { maxRequestMs } from "../postgres/request-deadline.ts";
import { claimRenewal } from "./claim-renewal.ts";
import {
  ClaimLost,
  leaseMs,
  renewalIntervalMs,
  type Claim,
  type ClaimResult,
  type IdempotencyKeys,
} from "./claim.ts";
import { keyClock, type KeyClock } from "./key-clock.ts";
import {
  claimRequestRows,
  clockMs,
  isFree,
  unlockedClaims,
  withoutFlush,
  type ClaimRequest,
} from "./postgres-claim-sql.ts";

/** Between two attempts to release a claim while the server is away. */
const releaseRetryMs = 250;

/** How often a claim is tried that other claims overtake. */
const maxClaimAttempts = 5;

/** A claim in a batch: the key is free, or what the key has. */
interface ClaimRow {
  /** `overtaken`: another claim was stored after the statement had looked at the key. */
  readonly outcome: ClaimResult<unknown>["outcome"] | "overtaken";
  readonly resource_id: string | null;
}

/**
 * Makes the keys' part of a store, whose resources `T` are rows of the same database. Its table
 * `idempotency_keys`:
 *
 * - claimed: there is a fingerprint and no `resource_id`. The claim holds until `lease_until`.
 * - completed: there are both.
 * - deleted: there is neither, where a trigger erases both when the resource is deleted; or the
 *   `resource_id` of a resource that is gone, where there is no such trigger.
 *
 * Each statement takes the claims of all requests that wait. Those that need not wait for a lock skip
 * it, and the others take their locks in the order of keys.
 *
 * @param find the resource with an id
 * @param clock of this process. Keys are also judged by the server's clock; where the two differ, they
 * appear younger than they are
 */
export function postgresIdempotency<T>(
  storage: PostgresStorage,
  find: (id: string) => Promise<T | undefined>,
  clock: KeyClock = keyClock(),
) {
  const { write } = storage;

  // A key that the statement sees taken is not written to. A claim that was stored meanwhile is judged
  // under its lock, but this statement cannot see it: it is overtaken, and its repeat sees why.
  const tryClaims = batchWrites<ClaimRequest, ClaimRow>({
    storage,
    keyOf: ({ key }) => key,
    write: (requests, queuedAt) =>
      write<ClaimRow>(
        (sql) => sql`
          WITH asked AS (
            SELECT key, fingerprint, token
            FROM ${claimRequestRows(sql, requests)}
          ), seen AS (
            SELECT asked.token, taken.*
            FROM asked
            CROSS JOIN LATERAL (
              SELECT fingerprint, resource_id, ${isFree(sql)} AS is_free
              FROM idempotency_keys AS stored
              WHERE key = asked.key
              LIMIT 1
            ) AS taken
          ), granted AS (
            INSERT INTO idempotency_keys AS stored (key, fingerprint, token, lease_until, created_at)
            SELECT asked.key, asked.fingerprint, asked.token, ${clockMs(sql)} + ${leaseMs}::int,
              greatest(${clockMs(sql)}, ${clock.claimedAt()}::bigint)
            FROM asked
            LEFT JOIN seen USING (token)
            WHERE seen.is_free IS NOT FALSE
            ORDER BY asked.key COLLATE "C"
            ON CONFLICT (key) DO UPDATE
            SET fingerprint = excluded.fingerprint, token = excluded.token,
              lease_until = excluded.lease_until, created_at = excluded.created_at
            WHERE ${isFree(sql)}
            RETURNING token
          )
          SELECT seen.resource_id,
            CASE
              WHEN granted.token IS NOT NULL THEN 'claimed'
              WHEN seen.is_free IS NOT FALSE THEN 'overtaken'
              WHEN seen.fingerprint IS NULL THEN 'deleted'
              WHEN seen.fingerprint <> asked.fingerprint THEN 'reused'
              WHEN seen.resource_id IS NULL THEN 'in-progress'
              ELSE 'completed'
            END AS outcome,
            ${withoutFlush(sql)}
          FROM asked
          LEFT JOIN granted USING (token)
          LEFT JOIN seen USING (token)
          ORDER BY asked.key COLLATE "C"`,
        queuedAt,
      ),
  });

  // A statement that has locked one of these rows stores the result of its claim, or grants the key
  // to another request: either leaves nothing to release or to renew.
  const releaseClaims = batchWrites<Claim, void>({
    storage,
    keyOf: ({ key }) => key,
    async write(claims, queuedAt) {
      await write(
        (sql) => sql`
          WITH ${unlockedClaims(sql, claims)}
          DELETE FROM idempotency_keys
          USING unlocked
          WHERE idempotency_keys.key = unlocked.key
          RETURNING ${withoutFlush(sql)}`,
        queuedAt,
      );
      return claims.map(() => undefined);
    },
  });

  const renewal = claimRenewal(async (claims) => {
    const now = performance.now();
    await write(
      (sql) => sql`
        WITH ${unlockedClaims(sql, claims)}
        UPDATE idempotency_keys
        SET lease_until = ${clockMs(sql)} + ${leaseMs}::int
        FROM unlocked
        WHERE idempotency_keys.key = unlocked.key
        RETURNING ${withoutFlush(sql)}`,
      claims.map(() => now),
    );
  }, renewalIntervalMs);

  async function tryClaim(request: ClaimRequest): Promise<ClaimResult<T> | undefined> {
    const { outcome, resource_id } = await tryClaims(request);
    if (outcome === "overtaken") return undefined;
    if (outcome === "claimed") {
      const claim = { key: request.key, token: request.token };
      renewal.start(claim);
      return { outcome, claim };
    }
    if (outcome !== "completed") return { outcome };
    const result = resource_id === null ? undefined : await find(resource_id);
    return result === undefined ? { outcome: "deleted" } : { outcome, result };
  }

  async function claimKey(key: string, fingerprint: string): Promise<ClaimResult<T>> {
    const token = Bun.randomUUIDv7();
    try {
      for (let n = 0; n < maxClaimAttempts; n += 1) {
        const result = await tryClaim({ key, fingerprint, token });
        if (result !== undefined) return result;
      }
    } catch (error) {
      // The claim may have been stored although its session was lost. Else the key is not free for
      // the client's retry before the lease ends.
      if (error instanceof StorageUnavailable && error.reason === "interrupted") {
        void release({ key, token }).catch(() => undefined);
      }
      throw error;
    }
    return { outcome: "in-progress" };
  }

  /** Claims under way, by key and fingerprint: a repeat meanwhile needs no statement of its own. */
  const claiming = new Map<string, Promise<ClaimResult<T>>>();

  async function release(claim: Claim): Promise<void> {
    renewal.stop(claim);
    try {
      await releaseClaims(claim);
    } catch (error) {
      void releaseLater(claim);
      throw error;
    }
  }

  /** Goes on until the claim has lapsed, so that the key is free as soon as the server is back. */
  async function releaseLater(claim: Claim): Promise<void> {
    const lapsesAt = performance.now() + leaseMs;
    let isRetryable = true;
    while (isRetryable && performance.now() < lapsesAt) {
      await Bun.sleep(releaseRetryMs);
      // Any other error is that of a storage which has been closed.
      isRetryable = await releaseClaims(claim).then(
        () => false,
        (error: unknown) => error instanceof StorageUnavailable,
      );
    }
  }

  const keys: IdempotencyKeys<T> = {
    maxCreationMs: maxRequestMs,
    async claim(key, fingerprint) {
      const request = `${key} ${fingerprint}`;
      const earlier = claiming.get(request);
      if (earlier !== undefined) {
        const result = await earlier;
        return result.outcome === "claimed" ? { outcome: "in-progress" } : result;
      }
      const claimed = claimKey(key, fingerprint).finally(() => claiming.delete(request));
      claiming.set(request, claimed);
      return claimed;
    },
    release,
    async forgetKeys(ageMs, max) {
      const forgotten = await write<{ key: string }>(
        (sql) => sql`
          DELETE FROM idempotency_keys
          WHERE key = ANY (ARRAY(
            SELECT key
            FROM idempotency_keys
            WHERE ${customPlan(sql)}
              AND created_at <
                (SELECT least(${clockMs(sql)}, ${clock.judgedAt()}::bigint)) - ${ageMs}::bigint
            ORDER BY created_at
            LIMIT ${max}::int
            FOR UPDATE SKIP LOCKED
          ))
          RETURNING key, ${withoutFlush(sql)}`,
      );
      return forgotten.length;
    },
  };

  return {
    /** The store's own methods. */
    keys,
    /**
     * Stores a new resource and, in the same statement, that it completes the claim, which is not
     * renewed any more then.
     *
     * @param create resolves with the resource, or with undefined if the claim was not held: nothing is
     * stored then. Its statement has {@link heldClaims} and {@link completedClaims}
     * @returns the resource. Rejects with ClaimLost if the claim was not held, and else with the error
     * of `create`
     */
    async createOnce<R>(
      create: () => Promise<R | undefined>,
      claim: Claim | undefined,
    ): Promise<R> {
      try {
        const created = await create();
        if (created === undefined) throw new ClaimLost();
        return created;
      } finally {
        if (claim !== undefined) renewal.stop(claim);
      }
    },
  };
}
