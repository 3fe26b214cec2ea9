// The parts of statements about idempotency keys in PostgreSQL.
import type { SQL } from "bun";
import { customPlan } from "../postgres/custom-plan.ts";
import { leaseMs, type Claim } from "./claim.ts";

/**
 * A lease that has more than this left was given before the server's clock was set back, and says
 * nothing. A standby's clock may be a little behind that of the primary which it replaces.
 */
const maxLeaseLeftMs = leaseMs + 1000;

/** A key to be claimed for a request. */
export type ClaimRequest = Claim & { readonly fingerprint: string };

/**
 * The time by the server's clock, in ms since 1970. The server is the one clock that all replicas share.
 * Not `now()`: a statement that has waited for a lock would take a new lease for one from the future.
 */
export const clockMs = (sql: SQL) => sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

/**
 * Ends a statement without a wait for the flush of the server's disk, and for a standby. A claim that a
 * crash loses cannot be completed any more; a lost release or renewal is one that was late.
 */
export const withoutFlush = (sql: SQL) => sql`set_config('synchronous_commit', 'off', true)`;

/** Whether the key in the row `stored` was released by time, and can be claimed by another request. */
export const isFree = (sql: SQL) => sql`(
  stored.fingerprint IS NOT NULL AND stored.resource_id IS NULL
  AND stored.lease_until - ${clockMs(sql)} NOT BETWEEN 1 AND ${maxLeaseLeftMs}::int)`;

/**
 * Keys to be claimed, as rows of a FROM clause with the columns `key`, `fingerprint` and `token`. The planner
 * expects a hundred rows of such a function, however many there are, and so keeps one generic plan for all.
 */
export const claimRequestRows = (sql: SQL, requests: readonly ClaimRequest[]) => sql`
  jsonb_to_recordset(${JSON.stringify(requests)}::text::jsonb)
    AS request (key text, fingerprint text, token uuid)`;

/** The part of a statement that locks the claims which hold, and which no other statement has locked. */
export const unlockedClaims = (sql: SQL, claims: readonly Claim[]) => sql`
  unlocked AS (
    SELECT claimed.key
    FROM unnest(
      ${claims.map(({ key }) => key)}::text[],
      ${claims.map(({ token }) => token)}::uuid[]
    ) AS claim (key, token)
    CROSS JOIN LATERAL (
      SELECT key
      FROM idempotency_keys
      WHERE key = claim.key AND token = claim.token AND resource_id IS NULL
      FOR UPDATE SKIP LOCKED
    ) AS claimed
    WHERE ${customPlan(sql)}
  )`;

/**
 * The part of a statement that locks the claims of new resources, in the order of keys: two statements
 * that lock the same keys cannot block each other. Before it stands `new`, with the columns `id`, `key`
 * and `token`, both null for a request without a key. `held` has the `id` of each whose claim holds.
 */
export const heldClaims = (sql: SQL) => sql`
  held AS (
    SELECT claim.id, claimed.*
    FROM (
      SELECT id, key, token
      FROM new
      WHERE key IS NOT NULL
      ORDER BY key COLLATE "C"
    ) AS claim
    CROSS JOIN LATERAL (
      SELECT key, fingerprint, token, lease_until, created_at
      FROM idempotency_keys
      WHERE key = claim.key AND token = claim.token AND resource_id IS NULL
      FOR UPDATE
    ) AS claimed
  )`;

/**
 * The part of a statement that completes the claims of the resources it stores. Before it stand `held`
 * and `stored`, which has the `id` of each resource that was stored. All these keys exist and are
 * locked, so it inserts none: an INSERT finds each by its index, while an UPDATE, planned when there
 * were few keys, would go on reading all of them.
 */
export const completedClaims = (sql: SQL) => sql`
  completed AS (
    INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, created_at, resource_id)
    SELECT key, fingerprint, token, lease_until, created_at, id
    FROM held
    JOIN stored USING (id)
    ON CONFLICT (key) DO UPDATE
    SET resource_id = excluded.resource_id
  )`;
