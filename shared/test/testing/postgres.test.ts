import { SQL } from "bun";
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryPostgresStorage } from "../../testing/postgres-storage.ts";
import { hasPostgres, onEveryEngine, postgresDatabase } from "../../testing/postgres.ts";

async function inDatabase<Row>(url: string, statement: string): Promise<Row[]> {
  await using sql = new SQL(url, { max: 1 });
  return [...(await sql.unsafe<Row[]>(statement))];
}

let prepared = 0;
async function prepare(url: string): Promise<void> {
  prepared += 1;
  await inDatabase(url, "CREATE TABLE things (name text)");
}

describe.if(hasPostgres)("postgresDatabase()", () => {
  test("gives each test an empty database in UTF-8", async () => {
    await using one = await postgresDatabase();
    await using two = await postgresDatabase();
    await inDatabase(one.url, "CREATE TABLE things (name text)");
    const tables = "SELECT count(*)::int AS count FROM pg_tables WHERE schemaname = 'public'";
    expect(await inDatabase(one.url, tables)).toEqual([{ count: 1 }]);
    expect(await inDatabase(two.url, tables)).toEqual([{ count: 0 }]);
    expect(await inDatabase(two.url, "SHOW server_encoding")).toMatchObject([
      { server_encoding: "UTF8" },
    ]);
  });

  test("prepares once, and gives each test a copy", async () => {
    const databases = await Promise.all([postgresDatabase(prepare), postgresDatabase(prepare)]);
    for (const { url } of databases) {
      await inDatabase(url, "INSERT INTO things VALUES ('mine')");
      expect(await inDatabase(url, "SELECT name FROM things")).toEqual([{ name: "mine" }]);
    }
    expect(prepared).toBe(1);
    for (const database of databases) await database[Symbol.asyncDispose]();
  });

  test("drops the databases of earlier tests, although sessions are on them", async () => {
    const first = await postgresDatabase();
    const sql = new SQL(first.url, { max: 1 });
    await sql`SELECT 1`;
    await first[Symbol.asyncDispose]();
    for (let n = 0; n < 5; n += 1) await (await postgresDatabase())[Symbol.asyncDispose]();
    await sql.close({ timeout: 0 });
    const error = await rejectionOf(inDatabase(first.url, "SELECT 1"));
    expect(error).toMatchObject({ errno: "3D000" });
  });
});

const migrations = [
  "CREATE TABLE secrets (name text PRIMARY KEY, value bytea NOT NULL)",
  `INSERT INTO secrets
   SELECT name, sha256(gen_random_uuid()::text::bytea)
   FROM unnest(ARRAY['cursor', 'request-digest']) AS name`,
];

describe.if(hasPostgres)("temporaryPostgresStorage()", () => {
  test("opens a migrated database for each test, and again for a replica", async () => {
    await using one = await temporaryPostgresStorage(migrations);
    await using two = await temporaryPostgresStorage(migrations);
    const replica = await one.openAgain();
    await one.query("DELETE FROM secrets WHERE name = 'cursor'");
    const names = (sql: SQL) => sql<{ name: string }[]>`SELECT name FROM secrets`;
    expect([...(await replica.read(names))]).toEqual([{ name: "request-digest" }]);
    expect(await two.storage.read(names)).toHaveLength(2);
  });

  test("gives a database secrets of its own if it is no copy", async () => {
    await using copy = await temporaryPostgresStorage(migrations);
    await using own = await temporaryPostgresStorage(migrations, { isCopy: false });
    expect(own.storage.secret("cursor")).not.toEqual(copy.storage.secret("cursor"));
  });
});

describe("onEveryEngine()", () => {
  test("leaves PostgreSQL out where tests cannot have databases, and SQLite never", () => {
    const names = onEveryEngine({ SQLite: 1, PostgreSQL: 2 }).map(([name]) => name);
    expect(names).toEqual(hasPostgres ? ["SQLite", "PostgreSQL"] : ["SQLite"]);
  });
});
