// Whether SQLite finds the rows of a store's statements by an index or reads a whole table.
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";
import { temporaryStorage } from "./running-service.ts";

type MakeStore = (storage: SqliteStorage) => unknown;

/** Tests that no statement of a store gets slower with the number of rows. */
export function testQueryPlans(migrations: readonly string[], makeStore: MakeStore): void {
  test("it reads no whole table and sorts nothing, however many rows there are", async () => {
    await using database = await temporaryStorage(migrations);
    const { storage } = database;
    const statements = preparedStatements(storage, makeStore);
    expect(statements.length).toBeGreaterThan(5);
    for (const sql of statements) {
      expect({ sql, costly: costlySteps(storage.db, sql) }).toEqual({ sql, costly: [] });
    }
  });
}

/** The SQL of the statements that a store prepares when it is made. */
function preparedStatements(storage: SqliteStorage, makeStore: MakeStore): string[] {
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
  makeStore({ ...storage, db });
  return statements;
}

/**
 * The steps of a statement's query plan whose cost grows with the database: those that scan a table
 * or an index, or sort. A list that a statement is given (`json_each`) is as short as a page:
 * neither a scan of it nor a sort of the rows that it leads to counts.
 */
function costlySteps(db: Database, sql: string): string[] {
  const parameters = [...sql.matchAll(/\$(\w+)/g)].map(([, name = ""]) => [name, null] as const);
  const steps = db
    .prepare<{ detail: string }, Record<string, null>>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(Object.fromEntries(parameters));
  const costly = sql.includes("json_each") ? /^SCAN (?!json_each)/ : /^SCAN|TEMP B-TREE/;
  return steps.map(({ detail }) => detail).filter((detail) => costly.test(detail));
}
