// What a copy on PostgreSQL or in an SQLite file has.
import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { existsSync } from "node:fs";

/** The orders of a copy, and the orders that its keys name. */
export interface CopiedOrders {
  readonly ids: Set<string>;
  readonly byKey: Map<string, string>;
}

/** An order's total does not match its items. */
const torn = (id: string) => new Error(`Order ${id} has not all of its items`);

/** The orders of a database on a server. @throws Error if an order is incomplete */
export async function ordersOnServer(url: string): Promise<CopiedOrders> {
  await using sql = new SQL(url, { max: 1 });
  const rows = await sql<{ id: string; is_whole: boolean }[]>`
    SELECT id, total_cents = (
      SELECT sum((item->>'quantity')::int * (item->>'unit_price_cents')::int)
      FROM jsonb_array_elements(items) AS item) AS is_whole
    FROM orders`;
  for (const { id, is_whole } of rows) if (!is_whole) throw torn(id);
  const keys = await sql<{ key: string; id: string }[]>`
    SELECT key, resource_id AS id
    FROM idempotency_keys
    WHERE resource_id IS NOT NULL`;
  return {
    ids: new Set(rows.map(({ id }) => id)),
    byKey: new Map(keys.map(({ key, id }) => [key, id])),
  };
}

/** The number of users on a server; 0 if no service has made its schema there. */
export async function usersOnServer(url: string): Promise<number> {
  await using sql = new SQL(url, { max: 1 });
  const [found] = await sql<{ has_users: boolean }[]>`
    SELECT to_regclass('users') IS NOT NULL AS has_users`;
  if (found?.has_users !== true) return 0;
  const [users] = await sql<{ count: number }[]>`SELECT count(*)::int AS count FROM users`;
  return users?.count ?? 0;
}

/** The number of users in a file; 0 if there is no file of this name. */
export function usersInFile(path: string): number {
  if (!existsSync(path)) return 0;
  using db = new Database(path, { readonly: true });
  return db.query<{ count: number }, []>("SELECT count(*) AS count FROM users").get()?.count ?? 0;
}
