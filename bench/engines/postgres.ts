// Databases on a PostgreSQL server that this run starts, filled by SQL.
import { SQL } from "bun";
import { serviceNames, type ServiceName } from "../peers/peer.ts";
import { run } from "../tools/run.ts";
import type { Engine } from "./engine.ts";
import { startPostgres } from "./postgres-server.ts";
import { seedEpoch, seedIdPrefix } from "./seed-ids.ts";

const id = (n: string) => `('${seedIdPrefix}' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/** As on SQLite: row n has the name of number n * 7919 modulo the number of rows. */
const fill: Record<ServiceName, (rows: number) => string> = {
  "user-service": (rows) => `
    INSERT INTO users (id, name, email, created_at, updated_at)
    SELECT ${id("n")}, 'User ' || lpad((n * 7919 % ${rows})::text, 7, '0'),
      'user' || n || '@example.com', ${seedEpoch} + n, ${seedEpoch} + n
    FROM generate_series(0, ${rows - 1}::bigint) AS n`,
  "order-service": (rows) => `
    INSERT INTO orders (
      id, user_id, items, item_count, total_cents, status, created_at, updated_at)
    SELECT ${id("n")}, ${id(`n * 7919 % ${rows}`)},
      '[{"sku": "KB-87", "quantity": 2, "unit_price_cents": 1999},
        {"sku": "MS-01", "quantity": 1, "unit_price_cents": 550}]',
      2, 4548, 'pending', ${seedEpoch} + n, ${seedEpoch} + n
    FROM generate_series(0, ${rows - 1}::bigint) AS n`,
};

/**
 * PostgreSQL.
 *
 * @param folder where the server keeps its data, on the disk to measure
 * @param pinned the words in front of its command that pin it to cores
 */
export async function postgresEngine(folder: string, pinned: readonly string[]): Promise<Engine> {
  const server = await startPostgres(folder, pinned);
  const admin = new SQL(server.url("postgres"), { max: 1 });
  const names = new Set<string>();

  async function create(template: string, options = ""): Promise<string> {
    const name = `bench_${names.size + 1}`;
    names.add(name);
    await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template} ${options}`);
    return name;
  }

  return {
    name: "postgres",
    description: `${server.description}, a database for each service`,
    async makeSeed(platform, rows) {
      const seeds = new Map<ServiceName, string>();
      for (const service of serviceNames) {
        const name = await create("template0");
        const url = server.url(name);
        await run([...platform(service), "migrate"], { env: { DATABASE_URL: url } });
        await using sql = new SQL(url, { max: 1 });
        await sql.unsafe(fill[service](rows));
        // Else the server does it in the middle of a measurement.
        await sql.unsafe("VACUUM (ANALYZE, FREEZE)");
        seeds.set(service, name);
      }
      return {
        rows,
        async copy(service) {
          const name = await create(seeds.get(service) ?? "", "STRATEGY FILE_COPY");
          return {
            url: server.url(name),
            async [Symbol.asyncDispose]() {
              await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
            },
          };
        },
        serverMs: server.processorMs,
      };
    },
    async [Symbol.asyncDispose]() {
      await admin.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
