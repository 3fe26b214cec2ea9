// Idempotency keys that a crash left unfinished.
import { Database } from "bun:sqlite";

/** How many idempotency keys in a service's database have no resource. @param column has its id */
export function unfinishedKeys(path: string, column: "order_id" | "resource_id"): number {
  using db = new Database(path, { readonly: true });
  const count = `SELECT count(*) AS count FROM idempotency_keys WHERE ${column} IS NULL`;
  return db.query<{ count: number }, []>(count).get()?.count ?? NaN;
}
