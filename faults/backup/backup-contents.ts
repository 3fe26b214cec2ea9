// The contents of databases and their backups.
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { runCommand } from "../../shared/testing/executable.ts";
import { checkDatabase } from "../support/database-check.ts";

/** Every order with its total and the sum of its items. */
const orderSums = `
  SELECT id, total_cents AS total, sum(quantity * unit_price_cents) AS sum
  FROM orders LEFT JOIN order_items ON order_id = id
  GROUP BY id`;

/** The ids of all orders. @throws Error if the database is corrupt or an order is incomplete */
export function orderIds(path: string): Set<string> {
  checkDatabase(path);
  using db = new Database(path, { readonly: true });
  const orders = db.query<{ id: string; total: number; sum: number | null }, []>(orderSums).all();
  const torn = orders.find(({ total, sum }) => total !== sum);
  if (torn) throw new Error(`Incomplete: ${JSON.stringify(torn)}`);
  return new Set(orders.map(({ id }) => id));
}

/** The ids of all users. @throws Error if the database is corrupt */
export function userIds(path: string): Set<string> {
  checkDatabase(path);
  using db = new Database(path, { readonly: true });
  const users = db.query<{ id: string }, []>("SELECT id FROM users").all();
  return new Set(users.map(({ id }) => id));
}

/** Creates a user-service database whose users all have one name. @returns its path */
export async function createDatabase(cwd: string, count: number, name: string): Promise<string> {
  const { status, stderr } = await runCommand("user-service", ["migrate"], { cwd });
  if (status !== 0) throw new Error(`Cannot create a database (${status}): ${stderr}`);
  const path = join(cwd, "data/user_service.db");
  using db = new Database(path);
  db.run(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
     INSERT INTO users
     SELECT format('01936f5e-8a3c-7c4e-9d2b-%012d', n), ?2, format('user%d@example.com', n), n, n
     FROM numbers`,
    [count, name],
  );
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close(true);
  return path;
}

/** The name of all users. @throws Error if the database is corrupt, mixed or has another number of users */
export function commonName(path: string, count: number): string {
  if (userIds(path).size !== count) throw new Error(`${path} does not have ${count} users`);
  using db = new Database(path, { readonly: true });
  const names = db.query<{ name: string }, []>("SELECT DISTINCT name FROM users").all();
  const [first, ...others] = names;
  if (first === undefined || others.length > 0)
    throw new Error(`${path} has users of two databases`);
  return first.name;
}
