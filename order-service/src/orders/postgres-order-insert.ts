// Stores a batch of orders in one statement.
import type { Claim } from "@platform/shared/idempotency/claim";
import { completedClaims, heldClaims } from "@platform/shared/idempotency/postgres-claim-sql";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import type { SQL } from "bun";
import type { WholeOrderRow } from "./postgres-order-row.ts";

/** An order to be stored, and the claim that it completes. */
export type InsertedOrder = WholeOrderRow & Partial<Claim>;

/** The orders as rows of a FROM clause, with the claims' `key` and `token`. */
const newOrders = (sql: SQL, orders: readonly InsertedOrder[]) => sql`
  jsonb_to_recordset(${JSON.stringify(orders)}::text::jsonb) AS new (
    id uuid, user_id uuid, items jsonb, total_cents bigint, status text,
    created_at bigint, updated_at bigint, key text, token uuid)`;

const insertWithoutClaims = (sql: SQL, orders: readonly InsertedOrder[]) => sql<{ id: string }[]>`
  INSERT INTO orders (
    id, user_id, items, item_count, total_cents, status, created_at, updated_at)
  SELECT id, user_id, items, jsonb_array_length(items), total_cents, status, created_at, updated_at
  FROM ${newOrders(sql, orders)}
  RETURNING id`;

const insertWithClaims = (sql: SQL, orders: readonly InsertedOrder[]) => sql<{ id: string }[]>`
  WITH new AS (
    SELECT id, user_id, items, total_cents, status, created_at, updated_at, key, token
    FROM ${newOrders(sql, orders)}
  ),
  ${heldClaims(sql)},
  stored AS (
    INSERT INTO orders (
      id, user_id, items, item_count, total_cents, status, created_at, updated_at)
    SELECT id, user_id, items, jsonb_array_length(items), total_cents, status, created_at, updated_at
    FROM new
    WHERE key IS NULL OR id IN (SELECT id FROM held)
    RETURNING id
  ),
  ${completedClaims(sql)}
  SELECT id
  FROM stored`;

/**
 * Stores orders and, in the same statement, that they complete their claims.
 *
 * @returns for each order, whether it is stored: an order whose claim was lost is not
 */
export async function insertOrders(
  { write }: Pick<PostgresStorage, "write">,
  orders: readonly InsertedOrder[],
  queuedAt: readonly number[],
): Promise<boolean[]> {
  // Most batches have no claim, and a lone order is stored faster without that part.
  const hasClaims = orders.some(({ key }) => key !== undefined);
  const insert = hasClaims ? insertWithClaims : insertWithoutClaims;
  const stored = await write((sql) => insert(sql, orders), queuedAt);
  const ids = new Set(stored.map(({ id }) => id));
  return orders.map(({ id }) => ids.has(id));
}
