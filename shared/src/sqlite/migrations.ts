// Brings a database's schema up to date, in one transaction. Several processes may try at once.
import type { Database } from "bun:sqlite";
import { isDiskFull } from "./errors.ts";
import { retryWhileBusy } from "./lock.ts";
import { errorMessage } from "../core/error-message.ts";
import { checksumOf, versionOf, type AppliedMigration, type Migrated } from "../core/migration.ts";
import { StorageOpenError } from "../core/storage.ts";

/**
 * Runs the migrations that `db` lacks, all or none, and records them. `migrations[n - 1]` leads to
 * version n. Afterwards SQLite enforces foreign keys.
 *
 * @param lockTimeoutMs how long to wait for the lock, or the migration, of another process, by
 * default 5000
 * @throws {StorageOpenError} if a migration fails, or other migrations have made the database
 * @throws {StorageUnavailable} `busy` if the lock is not free in time, `full` if the disk is full
 */
export async function migrate(
  db: Database,
  migrations: readonly string[],
  lockTimeoutMs?: number,
): Promise<Migrated> {
  // Rebuilding a table includes dropping it, and SQLite would then delete the rows that refer to
  // it. SQLite ignores this pragma within a transaction.
  db.run("PRAGMA foreign_keys = OFF");
  const migrated = await retryWhileBusy(() => applyPending(db, migrations), lockTimeoutMs);
  db.run("PRAGMA foreign_keys = ON");
  return migrated;
}

function applyPending(db: Database, migrations: readonly string[]): Migrated {
  const startedAt = performance.now();
  db.run("BEGIN IMMEDIATE");
  try {
    const from = checkedVersion(db, migrations);
    for (const [index, sql] of migrations.entries()) {
      if (index >= from) apply(db, index + 1, sql);
    }
    db.run("COMMIT");
    return { from, to: migrations.length, durationMs: performance.now() - startedAt };
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

/** The version of the database. Throws unless `migrations` begin with its history. */
function checkedVersion(db: Database, migrations: readonly string[]): number {
  db.run(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version    INTEGER NOT NULL PRIMARY KEY,
      checksum   TEXT    NOT NULL,
      applied_at INTEGER NOT NULL DEFAULT (unixepoch())
    ) STRICT`);
  // SQLite begins a transaction on a read-only file too; it refuses only this statement.
  db.run("UPDATE schema_migrations SET version = version WHERE FALSE");
  return versionOf(db.filename, readHistory(db), migrations);
}

/** The migrations that a database has run, in their order; none if it has no `schema_migrations`. */
export function readHistory(db: Database): AppliedMigration[] {
  using table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (table.get() === null) return [];
  using history = db.prepare<AppliedMigration, []>(`
    SELECT version, checksum
    FROM schema_migrations
    ORDER BY version`);
  return history.all();
}

function apply(db: Database, version: number, sql: string): void {
  try {
    db.run(sql);
    const child = tableWithOrphan(db);
    if (child) throw new Error(`a row of ${child} refers to a row that does not exist`);
    db.run("INSERT INTO schema_migrations (version, checksum) VALUES (?, ?)", [
      version,
      checksumOf(sql),
    ]);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new StorageOpenError(
      `Cannot bring the database "${db.filename}" to version ${version}: ${errorMessage(error)}; ` +
        "nothing was changed; run the previous version until this migration is fixed",
      { cause: error },
    );
  }
}

/** A table with a row that refers to a missing row; undefined if there is none. */
export function tableWithOrphan(db: Database): string | undefined {
  using check = db.prepare<{ table: string }, []>("PRAGMA foreign_key_check");
  return check.get()?.table;
}
