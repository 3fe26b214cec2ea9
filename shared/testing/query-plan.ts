// What SQLite does for the statements of a store: looks up, or reads everything.
import type { Database } from "bun:sqlite";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";

/** The statements that a store prepares when it is made. */
export function preparedStatements(
  storage: SqliteStorage,
  makeStore: (storage: SqliteStorage) => unknown,
): string[] {
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
 * The steps of a statement's plan that read a whole table or index, or sort; a list that is handed in
 * is as short as a page.
 */
export function costlySteps(db: Database, sql: string): string[] {
  const parameters = [...sql.matchAll(/\$(\w+)/g)].map(([, name = ""]) => [name, null] as const);
  const steps = db
    .prepare<{ detail: string }, Record<string, null>>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(Object.fromEntries(parameters));
  if (sql.includes("json_each")) {
    return steps.map(({ detail }) => detail).filter((detail) => /^SCAN (?!json_each)/.test(detail));
  }
  return steps.map(({ detail }) => detail).filter((detail) => /^SCAN|TEMP B-TREE/.test(detail));
}
