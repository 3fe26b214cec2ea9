// A service's storage in one SQLite file, which other processes on the same host may use as well.
import { Database } from "bun:sqlite";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { makeFolder } from "./durable-file.ts";
import { isDiskFull, operatorReason, primaryCode, resultCode } from "./errors.ts";
import { GroupCommit, type Synchronous } from "./group-commit.ts";
import { ReadSnapshot } from "./read-snapshot.ts";
import { defaultLockTimeoutMs, retryWhileBusy } from "./lock.ts";
import { fileFacts, hasMoved } from "./database-file.ts";
import { migrate } from "./migrations.ts";
import { readSecrets } from "./secrets.ts";
import type { Migrated } from "../core/migration.ts";
import {
  StorageOpenError,
  StorageUnavailable,
  type Storage,
  type StorageObserver,
} from "../core/storage.ts";

/** An open database. */
export interface SqliteStorage extends Storage {
  /** Stores prepare their statements on it, and run them within `read` and `write` only. */
  readonly db: Database;
  /** What opening the database changed in its schema. */
  readonly migrated: Migrated;

  /**
   * Resolves with what `query` returned. `query` runs at once, unless another process has locked
   * the whole file; it may run again, so it must do nothing but read this database.
   *
   * @throws {StorageUnavailable} `busy` if another process keeps the file locked for too long
   */
  read<T>(query: (() => T) & Synchronous<T>): Promise<T>;

  /** Resolves with what `change` returned, once it is on the disk, as {@link GroupCommit.write}. */
  write<T>(change: (() => T) & Synchronous<T>): Promise<T>;
}

/** Which database to open, and how. */
export interface SqliteOptions {
  /** The file. Its folder is made if missing, unless `create` is false. */
  readonly path: string;
  /** In their order: `migrations[n - 1]` leads to version n. */
  readonly migrations: readonly string[];
  readonly observer?: StorageObserver;
  /** Whether to make a missing file. Default: true. */
  readonly create?: boolean;
  /** How long opening, each read and each write wait for another process's lock. Default: 5000. */
  readonly lockTimeoutMs?: number;
}

/**
 * Opens a database and brings its schema up to date.
 *
 * @throws {StorageOpenError} if one of the two fails; its message names the file, cause and remedy
 */
export async function openSqlite({
  path,
  migrations,
  observer,
  create = true,
  lockTimeoutMs = defaultLockTimeoutMs,
}: SqliteOptions): Promise<SqliteStorage> {
  const file = resolve(path);
  let db: Database | undefined;
  try {
    if (create) await makeFolder(dirname(file));
    refuseLoneWal(file);
    const opened = (db = new Database(file, { create, readwrite: true, strict: true }));
    await retryWhileBusy(() => configure(opened), lockTimeoutMs);
    // Migrating reads the header and the schema, which reveals files of another kind and the worst
    // damage. `quick_check` would read every page: a second per gigabyte, far more on a cold disk.
    const migrated = await migrate(opened, migrations, lockTimeoutMs);
    const secret = await retryWhileBusy(() => readSecrets(opened), lockTimeoutMs);
    return sqliteStorage(opened, { migrated, secret }, { observer, lockTimeoutMs });
  } catch (error) {
    db?.close();
    if (error instanceof StorageOpenError) throw error;
    const why = await reason(file, error, create);
    throw new StorageOpenError(`Cannot open the database "${file}": ${why}`, { cause: error });
  }
}

/** Refuses a WAL whose database is missing or empty: SQLite would delete it as a leftover. */
function refuseLoneWal(file: string): void {
  const wal = `${file}-wal`;
  // In this order: another process that is making the database writes to the WAL last.
  if (Bun.file(wal).size === 0 || Bun.file(file).size > 0) return; // a missing file has size 0
  throw new Error(
    `it is missing or empty, but "${wal}" is not; put the database back, or move that file away`,
  );
}

function configure(db: Database): void {
  db.run("PRAGMA busy_timeout = 0"); // a wait within SQLite would block the event loop
  db.run("PRAGMA trusted_schema = OFF");
  db.run("PRAGMA synchronous = FULL"); // COMMIT returns when the commit is on the disk
  db.run("PRAGMA journal_size_limit = 67108864"); // or the WAL file never shrinks again
  using switchToWal = db.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL");
  if (switchToWal.get()?.journal_mode !== "wal") {
    throw new Error("its file system has no shared memory; put it on a local disk");
  }
}

function sqliteStorage(
  db: Database,
  found: Pick<SqliteStorage, "migrated" | "secret">,
  options: { observer: StorageObserver | undefined; lockTimeoutMs: number },
): SqliteStorage {
  const { read, end: endRead } = new ReadSnapshot(db, options.lockTimeoutMs);
  const commits = new GroupCommit(db, { ...options, endRead });
  options.observer?.watchFile(fileFacts(db.filename));
  const firstTable = db.prepare("SELECT name FROM sqlite_schema LIMIT 1");
  let closed: Promise<void> | undefined;

  async function close(discardsQueue: boolean): Promise<void> {
    await commits.close(discardsQueue);
    endRead();
    try {
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // The next process that opens the file does it; commits are safe in the WAL.
    }
    db.close(true); // without `true`, prepared statements keep the file open and go on working
  }

  return {
    ...found,
    db,
    read,
    write: commits.write,
    async ping() {
      await read(() => firstTable.get());
      if (hasMoved(db)) throw new StorageUnavailable("gone");
    },
    close: (discardsQueue = false) => (closed ??= close(discardsQueue)),
  };
}

/** Why a file could not be opened, and what the operator can do about it. */
async function reason(file: string, error: unknown, create: boolean): Promise<string> {
  if (isDiskFull(error)) return "its disk is full; make room";
  if (primaryCode(error) === resultCode.SQLITE_CANTOPEN) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isDirectory()) return "it is a folder; name a file";
    if (found === undefined && !create) return "there is no such file; check the path";
  }
  return operatorReason(error);
}
