// Copies all rows of one database to another, and checks the copy before it counts.
import { setImmediate } from "node:timers/promises";
import { TableChecksum, type TableSummary } from "./checksum.ts";
import { CopyError } from "./copy-error.ts";
import type { CopySource, CopyTarget, Rows } from "./database.ts";
import { checkRow } from "./row-check.ts";
import type { CopiedTable } from "./table.ts";

/** What to copy. */
export interface CopyOptions {
  readonly source: CopySource;
  readonly target: CopyTarget;
  /** In an order in which every row can be stored. */
  readonly tables: readonly CopiedTable[];
  /** Ends the copy, which then leaves nothing behind. */
  readonly signal: AbortSignal;
  /** @param done rows that are copied @param total all rows of the table */
  readonly progress: (table: string, done: number, total: number) => void;
}

/** What was copied of a table. */
export type CopiedTableSummary = TableSummary & Pick<CopiedTable, "name">;

/**
 * Copies the state that the source has now, reads every row of the copy again, and commits the copy if
 * both are the same.
 *
 * @returns for each table its name and what was copied
 * @throws {CopyError} if the copy differs, {@link RowRefused} for a row that cannot be copied, and what
 * the databases throw
 */
export async function copyAll(options: CopyOptions): Promise<CopiedTableSummary[]> {
  const { source, target, tables, signal } = options;
  await source.begin();
  await target.begin();
  const copied: CopiedTableSummary[] = [];
  for (const table of tables) copied.push(await copyTable(table, options));
  for (const [index, table] of tables.entries()) {
    if (Bun.deepEquals(await summaryOf(target, table, signal), copied[index])) continue;
    throw new CopyError(
      `the copy of ${table.name} differs from its source, so it was discarded; report this`,
    );
  }
  signal.throwIfAborted();
  // The copy has been read again for as long as it took to make it, and its source was not.
  await source.requireBlocked();
  await target.commit();
  return copied;
}

async function copyTable(
  table: CopiedTable,
  { source, target, signal, progress }: CopyOptions,
): Promise<CopiedTableSummary> {
  const { name } = table;
  const counted = await source.count(table);
  const checksum = new TableChecksum(table);
  // A server stores one batch while the next is read.
  let storing = Promise.resolve();
  for await (const rows of source.rows(table)) {
    signal.throwIfAborted();
    for (const row of rows) checkRow(table, row);
    checksum.add(rows);
    await storing;
    storing = target.insert(table, rows);
    storing.catch(() => undefined); // it is awaited below, unless another error comes first
    await setImmediate(); // the statement is sent
    progress(name, checksum.rows, counted.rows);
  }
  await storing;
  const summary = { name, ...checksum.summary() };
  if (summary.rows === counted.rows && summary.children === counted.children) return summary;
  throw new CopyError(
    `${name} has ${counted.rows} rows with ${counted.children} child rows, of which ${summary.rows} and ` +
      `${summary.children} could be read; ${source.unseen}`,
  );
}

async function summaryOf(
  database: Rows,
  table: CopiedTable,
  signal: AbortSignal,
): Promise<CopiedTableSummary> {
  const checksum = new TableChecksum(table);
  for await (const rows of database.rows(table)) {
    signal.throwIfAborted();
    checksum.add(rows);
  }
  return { name: table.name, ...checksum.summary() };
}
