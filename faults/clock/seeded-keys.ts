// Idempotency keys that days of work leave behind, inserted into the database at once.
import { Database } from "bun:sqlite";

/** Older than the retention time of keys. */
const ageMs = 30 * 3_600_000;

/** Inserts expired keys. */
export function insertExpiredKeys(path: string, count: number) {
  const db = new Database(path, { strict: true });
  db.run("PRAGMA busy_timeout = 5000");
  const createdAt = Date.now() - ageMs;
  const insert = db.prepare<unknown, { key: string; n: number; createdAt: number }>(`
    INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, created_at)
    VALUES ($key, 'seeded', 'seeded', $createdAt, $createdAt + $n % 1000)`);
  // Random keys spread over the pages of the index, so that a deletion touches many pages.
  const insertAll = db.transaction(() => {
    for (let n = 0; n < count; n += 1) insert.run({ key: crypto.randomUUID(), n, createdAt });
  });
  insertAll.immediate();
  const countLeft = db.prepare<{ count: number }, { before: number }>(`
    SELECT count(*) AS count
    FROM idempotency_keys
    WHERE created_at < $before`);
  return {
    /** How many of them the service has not deleted. */
    left: () => countLeft.get({ before: createdAt + 1000 })?.count ?? Number.NaN,
    [Symbol.dispose]: () => db.close(),
  };
}
