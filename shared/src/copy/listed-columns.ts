// What a database has beside the list of tables, which a copy would leave out.
import { CopyError } from "./copy-error.ts";

/** Which database of a copy it is, for the error text. */
export type End = "source" | "destination";

/** A column of a database. */
export interface Column {
  readonly table: string;
  readonly column: string;
}

/** The columns that a copy brings, by the tables that have them on one engine. */
export type ListedColumns = ReadonlyMap<string, readonly string[]>;

/**
 * Refuses a database with a column of a listed table, or with a table of the migrations, that is not listed.
 * A table that the migrations do not name is the operator's own, and is not copied.
 *
 * @param migrations those of the program for this engine
 * @throws {CopyError} with the first table or column that is not listed
 */
export function requireListed(
  end: End,
  columns: readonly Column[],
  listed: ListedColumns,
  migrations: readonly string[],
): void {
  const named = wordsOf(migrations);
  for (const { table, column } of columns) {
    const listedOfTable = listed.get(table);
    if (listedOfTable !== undefined && !listedOfTable.includes(column)) {
      throw unlisted(`the ${end} has the column ${column} of ${table}`, "drop it");
    }
    if (listedOfTable === undefined && named.has(table.toLowerCase())) {
      throw unlisted(`the ${end} has the table ${table}`, "rename it");
    }
  }
}

function unlisted(found: string, remedy: string): CopyError {
  return new CopyError(
    `${found}, which src/engines/tables.ts does not list, so the copy would lack it; add it there, or ` +
      `${remedy} if it is your own`,
  );
}

/** The words of statements, in lower case. A table may also be made by a rename, or under a condition. */
function wordsOf(migrations: readonly string[]): ReadonlySet<string> {
  const statements = migrations.join("\n").replaceAll(/--.*/g, "").toLowerCase();
  return new Set(statements.match(/[\p{L}\p{N}_$]+/gu));
}
