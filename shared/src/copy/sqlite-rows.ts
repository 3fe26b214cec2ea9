// The rows of an SQLite database.
import type { Database } from "bun:sqlite";
import { RowRefused } from "./copy-error.ts";
import { batchSize } from "./database.ts";
import {
  childrenOf,
  keyOf,
  kindOf,
  type ChildRow,
  type ChildTable,
  type ColumnType,
  type CopiedTable,
  type Row,
  type Scalar,
} from "./table.ts";

/** The name of a column on SQLite. */
export const sqliteName = ({ sqliteNames = {} }: CopiedTable, column: string): string =>
  sqliteNames[column] ?? column;

const expression = (name: string, type: ColumnType) =>
  kindOf(type).kind === "bytes" ? `lower(hex(${name}))` : name;

/** The child rows of a row as JSON: an array of arrays. */
const childrenExpression = (
  table: CopiedTable,
  { name, parent, position, columns }: ChildTable,
) => `(
  SELECT json_group_array(json_array(${Object.keys(columns).join(", ")}) ORDER BY ${position})
  FROM ${name}
  WHERE ${parent} = ${table.name}.${table.key})`;

function selectAll(table: CopiedTable): string {
  const { name, key, columns, children } = table;
  const selected = Object.entries(columns).map(
    ([column, type]) => `${expression(sqliteName(table, column), type)} AS ${column}`,
  );
  if (children !== undefined)
    selected.push(`${childrenExpression(table, children)} AS ${children.column}`);
  return `SELECT ${selected.join(", ")} FROM ${name} ORDER BY ${sqliteName(table, key)}`;
}

/** The rows of a table in the order of their keys, in batches. @throws {RowRefused} */
export async function* sqliteRows(
  db: Database,
  table: CopiedTable,
): AsyncGenerator<readonly Row[]> {
  const { children } = table;
  using statement = db.prepare<Record<string, Scalar>, []>(selectAll(table));
  let batch: Row[] = [];
  for (const found of statement.iterate()) {
    const row = children === undefined ? found : withChildren(found, children);
    refuseReplacedText(db, table, row);
    batch.push(row);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function withChildren(found: Record<string, Scalar>, { column }: ChildTable): Row {
  // The statement made this text.
  return { ...found, [column]: JSON.parse(String(found[column])) as ChildRow[] };
}

/** What Bun puts in the place of bytes that are not UTF-8. */
const replacement = "\uFFFD";

const isSuspicious = (value: Scalar | undefined) =>
  typeof value === "string" && value.includes(replacement);

/** @throws {RowRefused} if a text is not UTF-8: the row that was read is not the row that is stored */
function refuseReplacedText(db: Database, table: CopiedTable, row: Row): void {
  const { name, key, children } = table;
  const check = (from: string, keyColumn: string, column: string, value: Scalar) => {
    using stored = db.prepare<unknown, { key: string; value: Scalar }>(
      `SELECT 1 FROM ${from} WHERE ${keyColumn} = $key AND ${column} = $value`,
    );
    if (stored.get({ key: String(row[key]), value }) !== null) return;
    throw new RowRefused(name, keyOf(table, row), `has a ${column} that is not UTF-8`);
  };
  for (const column of Object.keys(table.columns)) {
    const value = row[column];
    if (typeof value !== "string" || !isSuspicious(value)) continue;
    check(name, sqliteName(table, key), sqliteName(table, column), value);
  }
  if (children === undefined) return;
  for (const child of childrenOf(table, row)) {
    for (const [index, column] of Object.keys(children.columns).entries()) {
      const value = child[index] ?? null;
      if (isSuspicious(value)) check(children.name, children.parent, column, value);
    }
  }
}
