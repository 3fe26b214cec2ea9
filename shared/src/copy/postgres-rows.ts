// The rows of a PostgreSQL database.
import { childrenIn } from "./row-check.ts";
import { batchSize } from "./database.ts";
import type { CopySession } from "./postgres-session.ts";
import { kindOf, type ColumnType, type CopiedTable, type Row, type Scalar } from "./table.ts";

/** Bun.SQL makes a string of a bigint, and a number of a float8. */
function expression(column: string, type: ColumnType): string {
  const { kind } = kindOf(type);
  if (kind === "integer") return `${column}::float8`;
  return kind === "bytes" ? `encode(${column}, 'hex') AS ${column}` : column;
}

function selectAll({ name, key, columns, children }: CopiedTable): string {
  const selected = Object.entries(columns).map(([column, type]) => expression(column, type));
  if (children !== undefined) selected.push(children.column);
  return `SELECT ${selected.join(", ")} FROM ${name} ORDER BY ${key}`;
}

/** The rows of a table in the order of their keys, in batches. Call it in a transaction. */
export async function* postgresRows(
  session: CopySession,
  table: CopiedTable,
): AsyncGenerator<readonly Row[]> {
  await session.run(`DECLARE copied NO SCROLL CURSOR FOR ${selectAll(table)}`);
  const fetch = () => {
    const fetched = session.run<Record<string, Scalar>>(`FETCH FORWARD ${batchSize} FROM copied`);
    fetched.catch(() => undefined); // the caller may have ended before it is awaited
    return fetched;
  };
  // The server reads one batch while the caller stores the one before.
  let next = fetch();
  for (;;) {
    const rows = await next;
    if (rows.length === 0) break;
    next = fetch();
    yield table.children === undefined ? rows : rows.map((row) => withChildren(table, row));
  }
  await session.run("CLOSE copied");
}

function withChildren(table: CopiedTable, found: Record<string, unknown>): Row {
  const { children, key } = table;
  // The other columns have scalars.
  const row = found as Row;
  if (children === undefined) return row;
  return {
    ...row,
    [children.column]: childrenIn(table, String(row[key]), found[children.column], children),
  };
}
