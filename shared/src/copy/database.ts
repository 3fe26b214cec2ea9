// What a copy needs of the database at each of its ends.
import type { TableSummary } from "./checksum.ts";
import type { CopiedTable, Row } from "./table.ts";

/** Rows that are handled together. With large rows they take some 10 MB. */
export const batchSize = 1000;

/** The rows of a database at one moment. */
export interface Rows {
  /** All rows of a table in the order of their keys, in batches. @throws {RowRefused} */
  rows(table: CopiedTable): AsyncGenerator<readonly Row[]>;
}

/** How a source is copied. */
export interface SourceOptions {
  /** Whether services cannot write to it from `begin` to `close`. They go on reading. */
  readonly blocksWrites: boolean;
}

/** The database that is copied. Services may go on using it. */
export interface CopySource extends Rows {
  /**
   * From now on `rows` and `count` see the state of this moment.
   *
   * @throws {CopyError} if the database has what the list of tables lacks, and what the database does
   */
  begin(): Promise<void>;
  /** How many rows a table has, and how many child rows. */
  count(table: CopiedTable): Promise<Pick<TableSummary, "rows" | "children">>;
  /** What rows that `count` counts, but `rows` does not have, may be; after "there are". */
  readonly unseen: string;
  /**
   * Checks, where the source blocks writes, that it has done so since `begin`.
   *
   * @throws what the database does if that is not sure
   */
  requireBlocked(): Promise<void>;
  close(): Promise<void>;
}

/** The database that gets the copy: with all of it after `commit`, and with nothing before. */
export interface CopyTarget extends Rows {
  /**
   * Makes the schema and keeps all others out.
   *
   * @throws {CopyError} unless it is empty, no process uses it, and all that it has is in the list of tables
   */
  begin(): Promise<void>;
  /** Stores rows of a table. @throws {RowRefused} with the first that it refuses */
  insert(table: CopiedTable, rows: readonly Row[]): Promise<void>;
  /** Makes the copy visible and durable. */
  commit(): Promise<void>;
  /** Ends it; without `commit` it leaves nothing behind. */
  close(): Promise<void>;
}
