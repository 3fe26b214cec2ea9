// What a database file says of itself.
import { Database } from "bun:sqlite";

/** @throws Error if a database is damaged, or refers to rows that it does not have */
export function checkDatabase(path: string): void {
  using db = new Database(path, { readonly: true });
  const integrity = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  if (integrity.length !== 1 || integrity[0]?.integrity_check !== "ok") {
    throw new Error(`Damaged: ${JSON.stringify(integrity)}`);
  }
  const orphans = db.query("PRAGMA foreign_key_check").all();
  if (orphans.length > 0) throw new Error(`Without their parents: ${JSON.stringify(orphans)}`);
}

/** How many idempotency keys of an order-service have no order. */
export function keysWithoutOrder(path: string): number {
  using db = new Database(path, { readonly: true });
  const count = "SELECT count(*) AS count FROM idempotency_keys WHERE order_id IS NULL";
  return db.query<{ count: number }, []>(count).get()?.count ?? NaN;
}
