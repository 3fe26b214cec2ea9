// Databases to start from, filled by SQL. The id of a row is computed from its number, so that the load
// scripts know the ids without reading them.
import { Database } from "bun:sqlite";
import { copyFile, open } from "node:fs/promises";
import { join } from "node:path";
import { serviceNames, type Launcher, type ServiceName } from "../peers/peer.ts";
import { run } from "./run.ts";

/** The databases of both services, to be copied. */
export interface Seed {
  readonly rows: number;
  /** Copies a service's database to a new file. */
  copy(service: ServiceName, path: string): Promise<void>;
}

// 2024-06-10: rows that a run creates are newer.
const epoch = 0x019000000000;
const id = (n: string) => `printf('01900000-0000-7000-8000-%012x', ${n})`;

const numbers = `
  WITH RECURSIVE numbers (n) AS (
    SELECT 0
    UNION ALL
    SELECT n + 1 FROM numbers WHERE n < $rows - 1
  )`;

// The order by name is not the order by age: row n has the name of number n * 7919 modulo the number of
// rows. 7919 is a prime, so no two rows share a name.
const fill: Record<ServiceName, readonly string[]> = {
  "user-service": [
    `INSERT INTO users (id, name, email, created_at, updated_at)
     ${numbers}
     SELECT ${id("n")}, printf('User %07d', n * 7919 % $rows), printf('user%d@example.com', n),
       ${epoch} + n, ${epoch} + n
     FROM numbers`,
  ],
  "order-service": [
    `INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)
     ${numbers}
     SELECT ${id("n")}, ${id("n * 7919 % $rows")}, 4548, 'pending', ${epoch} + n, ${epoch} + n
     FROM numbers`,
    `INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)
     ${numbers}
     SELECT ${id("n")}, 0, 'KB-87', 2, 1999 FROM numbers
     UNION ALL
     SELECT ${id("n")}, 1, 'MS-01', 1, 550 FROM numbers`,
  ],
};

/** Makes databases with this many users and orders, in tables made by the platform's migrations. */
export async function makeSeed(platform: Launcher, folder: string, rows: number): Promise<Seed> {
  const pathOf = (service: ServiceName) => join(folder, `${service}-${rows}.db`);
  for (const service of serviceNames) {
    const path = pathOf(service);
    await run([...platform(service), "migrate"], { env: { DATABASE_URL: `sqlite:${path}` } });
    fillDatabase(path, fill[service], rows);
  }
  return { rows, copy: (service, path) => copyDurably(pathOf(service), path) };
}

/** Copies a file and flushes it to the disk: the first commit would have to wait for the whole copy. */
async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, "r+");
  await file.sync();
  await file.close();
}

function fillDatabase(path: string, statements: readonly string[], rows: number): void {
  using db = new Database(path, { strict: true });
  db.run("PRAGMA synchronous = OFF");
  db.run("PRAGMA cache_size = -1000000");
  db.transaction(() => {
    for (const statement of statements) db.prepare(statement).run({ rows });
  })();
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
}
