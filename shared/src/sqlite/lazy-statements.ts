// Statements that are prepared when they are first run.
import type { Database, Statement } from "bun:sqlite";

/** The parameters of a statement by their names. Those that a statement does not name are ignored. */
type Parameters = Record<string, string | number | Uint8Array | null>;

/**
 * Makes a function that prepares a statement at its first use. A list has a statement for every
 * combination of its filters and orders: to prepare all of them would delay each start.
 */
export function lazyStatements<Row, P extends Parameters>(
  db: Database,
): (sql: string) => Statement<Row, [P]> {
  const statements = new Map<string, Statement<Row, [P]>>();
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare<Row, [P]>(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}
