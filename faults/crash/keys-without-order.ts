// Idempotency keys that a crash left unfinished.
import { Database } from "bun:sqlite";

/** How many idempotency keys in order-service's database have no order. */
export function keysWithoutOrder(path: string): number {
  using db = new Database(path, { readonly: true });
  const count = "SELECT count(*) AS count FROM idempotency_keys WHERE order_id IS NULL";
  return db.query<{ count: number }, []>(count).get()?.count ?? NaN;
}
