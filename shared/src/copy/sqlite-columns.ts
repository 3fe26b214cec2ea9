// The columns of an SQLite database whose values a copy has to bring.
import type { Database } from "bun:sqlite";
import { requireListed, type Column, type End, type ListedColumns } from "./listed-columns.ts";
import { sqliteName } from "./sqlite-rows.ts";
import type { CopiedTable } from "./table.ts";

/**
 * Reads the columns of all tables but the history of migrations. `table_info` leaves out generated
 * columns, whose values SQLite computes, and `table_list` tells virtual tables, such as an index of texts.
 */
export const selectSqliteColumns = `
  SELECT listed.name AS "table", info.name AS "column"
  FROM pragma_table_list AS listed
  JOIN pragma_table_info(listed.name) AS info
  WHERE listed.schema = 'main' AND listed.type = 'table'
    AND listed.name NOT IN ('schema_migrations', 'sqlite_schema')
  ORDER BY listed.name, info.cid`;

/** The columns that tables have on SQLite. */
export function listedOnSqlite(tables: readonly CopiedTable[]): ListedColumns {
  const listed = new Map<string, readonly string[]>();
  for (const table of tables) {
    const { name, columns, children } = table;
    listed.set(
      name,
      Object.keys(columns).map((column) => sqliteName(table, column)),
    );
    if (children === undefined) continue;
    const { parent, position } = children;
    listed.set(children.name, [parent, position, ...Object.keys(children.columns)]);
  }
  return listed;
}

/** Refuses a database as {@link requireListed} does. @throws {CopyError} */
export function requireListedOnSqlite(
  end: End,
  db: Database,
  tables: readonly CopiedTable[],
  migrations: readonly string[],
): void {
  using columns = db.prepare<Column, []>(selectSqliteColumns);
  requireListed(end, columns.all(), listedOnSqlite(tables), migrations);
}
