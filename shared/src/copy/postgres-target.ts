// The empty PostgreSQL database that gets a copy.
import { errorMessage } from "../core/error-message.ts";
import { sqlStateOf } from "../postgres/error-codes.ts";
import { migrate } from "../postgres/migrations.ts";
import type { PostgresAddress } from "../postgres/postgres-url.ts";
import { CommitUnknown, CopyError, RowRefused } from "./copy-error.ts";
import type { CopyTarget } from "./database.ts";
import { requireListedOnPostgres } from "./postgres-columns.ts";
import { postgresRows } from "./postgres-rows.ts";
import { CopySession } from "./postgres-session.ts";
import { childrenOf, keyOf, kindOf, type ColumnType, type CopiedTable, type Row } from "./table.ts";

/**
 * A database that gets its rows in one transaction, whose tables no other session can read meanwhile: a
 * service that starts waits for the secrets, and then has those of the copy.
 *
 * @param migrations those of the program
 * @param tables those that have to be empty, and that are locked
 */
export function postgresTarget(
  address: PostgresAddress,
  migrations: readonly string[],
  tables: readonly CopiedTable[],
  signal: AbortSignal,
): CopyTarget {
  const session = new CopySession(address, signal);
  const names = tables.map(({ name }) => name);
  const begun = new Set<CopiedTable>();

  return {
    async begin() {
      await migrate(await session.reserved(), address.name, migrations);
      await session.begin();
      if (!(await session.lock(tables, "ACCESS EXCLUSIVE"))) {
        throw new CopyError("other sessions use the destination; stop the service there");
      }
      await refuseOthers(session);
      for (const { name, isReplaced = false } of tables) {
        if (!isReplaced) await refuseRows(session, name);
      }
      await requireListedOnPostgres("destination", session, tables, migrations);
      await session.run("SAVEPOINT batch");
    },
    async insert(table, rows) {
      if (table.isReplaced === true && !begun.has(table))
        await session.run(`DELETE FROM ${table.name}`);
      begun.add(table);
      await insertRows(session, table, rows);
    },
    rows: (table) => postgresRows(session, table),
    async commit() {
      // Otherwise the server plans for empty tables until it analyses them by itself.
      for (const name of names) await session.run(`ANALYZE ${name}`);
      try {
        await session.run("COMMIT");
      } catch (error) {
        throw new CommitUnknown(
          `the session has ended while the server committed (${errorMessage(error)}); run this again: if the ` +
            "copy was stored, the destination is not empty, and complete",
          { cause: error },
        );
      }
    },
    close: () => session.close(),
  };
}

/** How long sessions may take to end whose service was stopped just now. */
const maxEndingMs = 3000;

/** Refuses a database that other clients use: a service there has read other secrets. */
async function refuseOthers(session: CopySession): Promise<void> {
  const startedAt = performance.now();
  let others = await countOthers(session);
  while (others > 0 && performance.now() - startedAt < maxEndingMs) {
    await Bun.sleep(50);
    others = await countOthers(session);
  }
  if (others === 0) return;
  throw new CopyError(
    `${others} other sessions use the destination; stop the service there, and end them`,
  );
}

async function countOthers(session: CopySession): Promise<number> {
  // In a transaction the server would go on showing the sessions of the first look.
  await session.run("SELECT pg_stat_clear_snapshot()");
  // A role without rights does not see of what kind the others are.
  const [found] = await session.run<{ count: number }>(`
    SELECT count(*)::int AS count
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
      AND coalesce(backend_type, 'client backend') = 'client backend'`);
  return found?.count ?? 0;
}

async function refuseRows(session: CopySession, name: string): Promise<void> {
  const [found] = await session.run(`SELECT 1 FROM ${name} LIMIT 1`);
  if (found === undefined) return;
  throw new CopyError(`the destination has ${name} already; name an empty database`);
}

/** How `insertRows` gets a column out of the JSON. */
const jsonType = (type: ColumnType) =>
  ({ uuid: "uuid", text: "text", integer: "bigint", bytes: "text" })[kindOf(type).kind];

function insertStatement({ name, columns, children }: CopiedTable): string {
  const names = Object.keys(columns);
  const values = Object.entries(columns).map(([column, type]) =>
    kindOf(type).kind === "bytes" ? `decode(${column}, 'hex')` : column,
  );
  const types = Object.entries(columns).map(([column, type]) => `${column} ${jsonType(type)}`);
  if (children !== undefined) {
    names.push(children.column, children.countColumn);
    values.push(children.column, `jsonb_array_length(${children.column})`);
    types.push(`${children.column} jsonb`);
  }
  return `
    INSERT INTO ${name} (${names.join(", ")})
    SELECT ${values.join(", ")}
    FROM json_to_recordset($1::text::json) AS copied (${types.join(", ")})`;
}

function toJson(table: CopiedTable, row: Row): object {
  const { children } = table;
  if (children === undefined) return row;
  const names = Object.keys(children.columns);
  const objects = childrenOf(table, row).map((child) =>
    Object.fromEntries(names.map((name, index) => [name, child[index]])),
  );
  return { ...row, [children.column]: objects };
}

/** Stores all rows behind the savepoint. @throws {RowRefused} with the first row that the server refuses */
async function insertRows(
  session: CopySession,
  table: CopiedTable,
  rows: readonly Row[],
): Promise<void> {
  try {
    await session.run(
      insertStatement(table),
      JSON.stringify(rows.map((row) => toJson(table, row))),
    );
    // After the rows, so that nothing stands between two batches.
    await session.run("RELEASE SAVEPOINT batch");
    await session.run("SAVEPOINT batch");
  } catch (error) {
    const state = sqlStateOf(error) ?? "";
    // A value, a constraint, a limit of the server.
    if (!/^(?:22|23|54)/.test(state)) throw error;
    const [first] = rows;
    if (rows.length === 1 && first !== undefined) throw refusedRow(table, first, error, state);
    await session.run("ROLLBACK TO SAVEPOINT batch");
    const middle = Math.ceil(rows.length / 2);
    await insertRows(session, table, rows.slice(0, middle));
    await insertRows(session, table, rows.slice(middle));
  }
}

/** The server's own text may quote the row. */
function refusedRow(table: CopiedTable, row: Row, error: unknown, state: string): RowRefused {
  const constraint =
    error instanceof Error && "constraint" in error && typeof error.constraint === "string"
      ? ` by ${error.constraint}`
      : "";
  return new RowRefused(
    table.name,
    keyOf(table, row),
    `is refused${constraint} (SQLSTATE ${state})`,
  );
}
