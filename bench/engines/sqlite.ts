// Databases in files, filled by SQL.
import { Database as Sqlite } from "bun:sqlite";
import { copyFile, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { serviceNames, type ServiceName } from "../peers/peer.ts";
import { run } from "../tools/run.ts";
import type { Engine } from "./engine.ts";
import { seedEpoch, seedIdPrefix } from "./seed-ids.ts";

const id = (n: string) => `printf('${seedIdPrefix}%012x', ${n})`;

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
       ${seedEpoch} + n, ${seedEpoch} + n
     FROM numbers`,
  ],
  "order-service": [
    `INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)
     ${numbers}
     SELECT ${id("n")}, ${id("n * 7919 % $rows")}, 4548, 'pending', ${seedEpoch} + n, ${seedEpoch} + n
     FROM numbers`,
    `INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)
     ${numbers}
     SELECT ${id("n")}, 0, 'KB-87', 2, 1999 FROM numbers
     UNION ALL
     SELECT ${id("n")}, 1, 'MS-01', 1, 550 FROM numbers`,
  ],
};

/** SQLite. @param folder where it keeps the databases that are copied */
export function sqliteEngine(folder: string): Engine {
  return {
    name: "sqlite",
    description: "SQLite, a file for each service",
    async makeSeed(platform, rows) {
      const pathOf = (service: ServiceName) => join(folder, `${service}-${rows}.db`);
      for (const service of serviceNames) {
        const path = pathOf(service);
        await run([...platform(service), "migrate"], { env: { DATABASE_URL: `sqlite:${path}` } });
        fillDatabase(path, fill[service], rows);
      }
      return {
        rows,
        async copy(service, folder) {
          const path = join(folder, `${service}.db`);
          await copyDurably(pathOf(service), path);
          return { url: `sqlite:${path}`, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
        },
        serverMs: () => 0,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Copies a file and flushes it to the disk: the first commit would have to wait for the whole copy. */
async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, "r+");
  await file.sync();
  await file.close();
}

function fillDatabase(path: string, statements: readonly string[], rows: number): void {
  using db = new Sqlite(path, { strict: true });
  db.run("PRAGMA synchronous = OFF");
  db.run("PRAGMA cache_size = -1000000");
  db.transaction(() => {
    for (const statement of statements) db.prepare(statement).run({ rows });
  })();
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
}
