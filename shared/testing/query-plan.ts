// Whether SQLite finds the rows of a store's statements by an index or reads a whole table.
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";
import { temporaryStorage } from "./temporary-storage.ts";

/**
 * Tests that no statement of a store gets slower with the number of rows.
 *
 * @param useStore runs the statements that the store prepares when it needs them
 */
export function testQueryPlans<Store>(
  migrations: readonly string[],
  makeStore: (storage: SqliteStorage) => Store,
  useStore: (store: Store) => Promise<void>,
): void {
  test("it reads no whole table and sorts nothing, however many rows there are", async () => {
    await using database = await temporaryStorage(migrations);
    const statements = await preparedStatements(database.storage, makeStore, useStore);
    // On a connection of its own: the store's has an open read transaction.
    const { db } = await database.openAgain();
    expect(statements.length).toBeGreaterThan(5);
    for (const sql of statements)
      expect({ sql, costly: costlySteps(db, sql) }).toEqual({ sql, costly: [] });
  });

  test("SQLite plans none of its statements anew for the limit of each run", async () => {
    await using database = await temporaryStorage(migrations);
    const statements = await preparedStatements(database.storage, makeStore, useStore);
    expect(statements.filter((sql) => bareLimit.test(sql))).toEqual([]);
  });
}

/** A limit that is a bare parameter: SQLite plans the statement anew for each run. */
const bareLimit = /\b(?:LIMIT|OFFSET)\s+[$:@?]/;

/** The SQL of the statements that a store prepares when it is made and used. */
export async function preparedStatements<Store>(
  storage: SqliteStorage,
  makeStore: (storage: SqliteStorage) => Store,
  useStore: (store: Store) => Promise<void>,
): Promise<string[]> {
  const statements: string[] = [];
  const db = new Proxy(storage.db, {
    get(target, name) {
      if (name !== "prepare") return Reflect.get(target, name, target);
      return (sql: string) => {
        statements.push(sql);
        return target.prepare(sql);
      };
    },
  });
  await useStore(makeStore({ ...storage, db }));
  return statements;
}

/** The steps of a statement's query plan. */
export function queryPlan(db: Database, sql: string): string[] {
  const parameters = [...sql.matchAll(/\$(\w+)/g)].map(([, name = ""]) => [name, null] as const);
  const steps = db
    .prepare<{ detail: string }, Record<string, null>>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(Object.fromEntries(parameters));
  return steps.map(({ detail }) => detail);
}

/**
 * The steps of a statement's query plan whose cost grows with the database: those that scan a table
 * or an index, or sort. A list that a statement is given (`json_each`) and a subquery that ends at a
 * limit are bounded: neither a scan of one nor a sort of the rows that it leads to counts.
 */
function costlySteps(db: Database, sql: string): string[] {
  const isBounded = sql.includes("json_each") || /LIMIT \+\$\w+\s*\)/.test(sql);
  const costly = isBounded ? /^SCAN (?!json_each|\(subquery)/ : /^SCAN|TEMP B-TREE/;
  return queryPlan(db, sql).filter((detail) => costly.test(detail));
}
