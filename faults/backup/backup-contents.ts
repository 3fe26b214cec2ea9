// What is in the copy of a database, and what there is to copy.
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { executableOf, runCommand, type ServiceName } from "../../shared/testing/executable.ts";
import { checkDatabase } from "../support/database-check.ts";

/** What orders there are, and of each the sum of its items. */
const sums = `
  SELECT id, total_cents AS total, sum(quantity * unit_price_cents) AS sum
  FROM orders LEFT JOIN order_items ON order_id = id
  GROUP BY id`;

/** The ids in a copy of order-service's database. @throws Error if it or an order is not whole */
export function orderIds(path: string): Set<string> {
  checkDatabase(path);
  using db = new Database(path, { readonly: true });
  const orders = db.query<{ id: string; total: number; sum: number | null }, []>(sums).all();
  const torn = orders.find(({ total, sum }) => total !== sum);
  if (torn) throw new Error(`Not whole: ${JSON.stringify(torn)}`);
  return new Set(orders.map(({ id }) => id));
}

/** The ids in a copy of user-service's database. @throws Error if it is not whole */
export function userIds(path: string): Set<string> {
  checkDatabase(path);
  using db = new Database(path, { readonly: true });
  const users = db.query<{ id: string }, []>("SELECT id FROM users").all();
  return new Set(users.map(({ id }) => id));
}

/** Gives a folder a database of user-service's, with users of this name. @returns its path */
export async function makeUsers(cwd: string, count: number, name: string): Promise<string> {
  const { status, stderr } = await runCommand("user-service", ["migrate"], { cwd });
  if (status !== 0) throw new Error(`Cannot make a database (${status}): ${stderr}`);
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

/** The one name of all users in a whole database. @throws Error if there are others, or too few */
export function nameOfUsers(path: string, count: number): string {
  if (userIds(path).size !== count) throw new Error(`${path} has not ${count} users`);
  using db = new Database(path, { readonly: true });
  const names = db.query<{ name: string }, []>("SELECT DISTINCT name FROM users").all();
  const [first, ...others] = names;
  if (first === undefined || others.length > 0) throw new Error(`${path} is mixed`);
  return first.name;
}

/** A command that has yet to end. */
export function startCommand(service: ServiceName, args: readonly string[], cwd: string) {
  return Bun.spawn([executableOf(service), ...args], {
    cwd,
    env: {},
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
}
