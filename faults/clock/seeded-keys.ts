// Idempotency keys as days of work leave them, put into the database at once.
import { Database } from "bun:sqlite";

/** Longer ago than any key is remembered. */
const lapsedMs = 30 * 3_600_000;

/** The keys that were put into a database. */
export interface LapsedKeys extends Disposable {
  /** How many are left of them. */
  left(): number;
}

/** Adds keys that nobody needs any longer. */
export function addLapsedKeys(path: string, count: number): LapsedKeys {
  const db = new Database(path, { strict: true });
  db.run("PRAGMA busy_timeout = 5000");
  const createdAt = Date.now() - lapsedMs;
  const insert = db.prepare<unknown, { key: string; n: number; createdAt: number }>(`
    INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, created_at)
    VALUES ($key, 'of nobody', 'of nobody', $createdAt, $createdAt + $n % 1000)`);
  // In no order, so that each is in a page of its own.
  const insertAll = db.transaction(() => {
    for (let n = 0; n < count; n += 1) insert.run({ key: crypto.randomUUID(), n, createdAt });
  });
  insertAll.immediate();
  const countLeft = db.prepare<{ count: number }, { before: number }>(`
    SELECT count(*) AS count
    FROM idempotency_keys
    WHERE created_at < $before`);
  return {
    left: () => countLeft.get({ before: createdAt + 1000 })?.count ?? Number.NaN,
    [Symbol.dispose]: () => db.close(),
  };
}
