// The new SQLite file that gets a copy.
import { Database, type Statement } from "bun:sqlite";
import { dirname, resolve } from "node:path";
import {
  flush,
  isTaken,
  makeFolder,
  remove,
  renameNoReplace,
  temporaryName,
} from "../sqlite/durable-file.ts";
import { primaryCode, resultCode } from "../sqlite/errors.ts";
import { migrate } from "../sqlite/migrations.ts";
import { CopyError, RowRefused } from "./copy-error.ts";
import type { CopyTarget } from "./database.ts";
import { requireListedOnSqlite } from "./sqlite-columns.ts";
import { sqliteName, sqliteRows } from "./sqlite-rows.ts";
import {
  childrenOf,
  keyOf,
  kindOf,
  type Columns,
  type CopiedTable,
  type Row,
  type Scalar,
} from "./table.ts";

/** Pages that SQLite keeps in memory, in KiB: an index is filled in no order. */
const cacheKibibytes = 65_536;

/**
 * A file that gets its name when the copy is complete. A killed process leaves one that ends in `.tmp`.
 *
 * @param migrations those of the program
 * @param tables all that it gets rows of
 */
export function sqliteTarget(
  path: string,
  migrations: readonly string[],
  tables: readonly CopiedTable[],
): CopyTarget {
  const file = resolve(path);
  const temporary = temporaryName(file);
  let db: Database | undefined;
  const inserts = new Map<CopiedTable, Inserts>();

  const opened = () => {
    if (db === undefined) throw new Error("The copy has not begun");
    return db;
  };

  return {
    async begin() {
      for (const suffix of ["", "-wal", "-journal"]) {
        if (!(await isTaken(file + suffix))) continue;
        throw new CopyError(
          `there is "${file}${suffix}" already; move it away, or name a new file`,
        );
      }
      await makeFolder(dirname(file));
      db = new Database(temporary, { create: true, readwrite: true, strict: true });
      db.run("PRAGMA trusted_schema = OFF");
      await migrate(db, migrations);
      requireListedOnSqlite("destination", db, tables, migrations);
      // What a crash could leave has no name yet.
      db.run("PRAGMA journal_mode = MEMORY");
      db.run("PRAGMA synchronous = OFF");
      db.run(`PRAGMA cache_size = -${cacheKibibytes}`);
      db.run("BEGIN");
    },
    async insert(table, rows) {
      const known = inserts.get(table) ?? prepareInserts(opened(), table);
      inserts.set(table, known);
      for (const row of rows) insertRow(table, row, known);
    },
    rows: (table) => sqliteRows(opened(), table),
    async commit() {
      inserts.clear();
      const complete = opened();
      complete.run("COMMIT");
      complete.close();
      db = undefined;
      await flush(temporary);
      await renameNoReplace(temporary, file);
      await flush(dirname(file));
    },
    async close() {
      db?.close();
      await remove(temporary);
      await remove(`${temporary}-journal`);
    },
  };
}

interface Inserts {
  readonly row: Statement<unknown, [Record<string, Scalar>]>;
  readonly child: Statement<unknown, Scalar[]> | undefined;
}

const placeholder = (name: string, type: Columns[string]) =>
  kindOf(type).kind === "bytes" ? `unhex($${name})` : `$${name}`;

function prepareInserts(db: Database, table: CopiedTable): Inserts {
  const { name, columns, children, isReplaced = false } = table;
  if (isReplaced) db.run(`DELETE FROM ${name}`);
  const names = Object.keys(columns).map((column) => sqliteName(table, column));
  const values = Object.entries(columns).map(([column, type]) => placeholder(column, type));
  const row = db.prepare<unknown, [Record<string, Scalar>]>(
    `INSERT INTO ${name} (${names.join(", ")}) VALUES (${values.join(", ")})`,
  );
  if (children === undefined) return { row, child: undefined };
  const childNames = [children.parent, children.position, ...Object.keys(children.columns)];
  const marks = childNames.map(() => "?").join(", ");
  const child = db.prepare<unknown, Scalar[]>(
    `INSERT INTO ${children.name} (${childNames.join(", ")}) VALUES (${marks})`,
  );
  return { row, child };
}

function insertRow(table: CopiedTable, row: Row, inserts: Inserts): void {
  const key = keyOf(table, row);
  try {
    const values = Object.keys(table.columns).map((column) => [column, row[column] as Scalar]);
    inserts.row.run(Object.fromEntries(values) as Record<string, Scalar>);
    for (const [position, child] of childrenOf(table, row).entries()) {
      inserts.child?.run(key, position, ...child);
    }
  } catch (error) {
    const isRefused = primaryCode(error) === resultCode.SQLITE_CONSTRAINT;
    if (!isRefused || !(error instanceof Error)) throw error;
    throw new RowRefused(table.name, key, `is refused (${error.message})`);
  }
}
