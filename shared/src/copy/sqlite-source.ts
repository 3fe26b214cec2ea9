// The SQLite file that is copied, which services may be using.
import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { defaultLockTimeoutMs, retryWhileBusy } from "../sqlite/lock.ts";
import { readHistory } from "../sqlite/migrations.ts";
import { CopyError } from "./copy-error.ts";
import type { CopySource, SourceOptions } from "./database.ts";
import { requireCurrentSchema } from "./source-schema.ts";
import { requireListedOnSqlite } from "./sqlite-columns.ts";
import { sqliteRows } from "./sqlite-rows.ts";
import type { CopiedTable } from "./table.ts";

/** Services write all the time; a migration may take long. */
const maxWaitMs = 2 * defaultLockTimeoutMs;

/**
 * Opens the file.
 *
 * @param migrations those of the program, which the database must have run
 * @param tables all that are copied
 * @throws {CopyError} if there is no such database; StorageOpenError if other migrations have made it
 */
export function sqliteSource(
  path: string,
  migrations: readonly string[],
  tables: readonly CopiedTable[],
  { blocksWrites }: SourceOptions,
): CopySource {
  const file = resolve(path);
  // SQLite would take an empty file for a database, and delete the WAL beside it.
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) throw new CopyError("there is no database at this path; check DATABASE_URL");
  const db = new Database(file, { create: false, readwrite: true, strict: true });
  db.run("PRAGMA trusted_schema = OFF");

  function count(table: string): number {
    using rows = db.prepare<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`);
    return rows.get()?.count ?? 0;
  }

  return {
    async begin() {
      // Writers of WAL mode do not block readers, nor readers writers. Writers get the lock at such
      // short intervals that only frequent attempts find it free.
      await retryWhileBusy(() => db.run(blocksWrites ? "BEGIN IMMEDIATE" : "BEGIN"), maxWaitMs);
      db.run("PRAGMA query_only = ON");
      requireCurrentSchema(file, readHistory(db), migrations);
      requireListedOnSqlite("source", db, tables, migrations);
    },
    rows: (table) => sqliteRows(db, table),
    count: async ({ name, children }) => ({
      rows: count(name),
      children: children === undefined ? 0 : count(children.name),
    }),
    unseen: "some child rows may belong to no row: delete them, then run this again",
    async requireBlocked() {
      // Nothing but `close`, or the end of this process, takes the lock of a file away.
    },
    async close() {
      db.close();
    },
  };
}
