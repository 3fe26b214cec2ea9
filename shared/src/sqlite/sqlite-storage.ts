// A service's storage in one SQLite file, which other processes of the same host may use too.
import { Database, SQLiteError } from "bun:sqlite";
import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { errorMessage } from "../core/error-message.ts";
import { primaryCode, resultCode } from "./errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { ReadSnapshot } from "./read-snapshot.ts";
import { retryWhileBusy } from "./lock.ts";
import type { Synchronous } from "./queued-write.ts";
import { hasMoved } from "./database-file.ts";
import { migrate, type Migrated } from "./migrations.ts";
import {
  StorageOpenError,
  StorageUnavailable,
  type Storage,
  type StorageObserver,
} from "../core/storage.ts";

/** An open database. Its functions do not need `this`. */
export interface SqliteStorage extends Storage {
  /** For preparing statements, which are then run in `read` and `write`. */
  readonly db: Database;
  readonly migrated: Migrated;

  /**
   * Gives what `query` returns, which sees one state of the database, the newest: at once unless
   * another process has the whole file locked.
   *
   * @throws {StorageUnavailable} if it keeps it so for too long
   */
  read<T>(query: (() => T) & Synchronous<T>): Promise<T>;

  /** Gives what `change` returns, once that is on the disk: see {@link GroupCommit.write}. */
  write<T>(change: (() => T) & Synchronous<T>): Promise<T>;
}

/** What to open, and how. */
export interface SqliteOptions {
  /** A file; its folder is made if missing. */
  readonly path: string;
  /** See {@link migrate}. */
  readonly migrations: readonly string[];
  readonly observer?: StorageObserver;
  /** Whether a missing file is made. Default: true. */
  readonly create?: boolean;
  /** How long locks of other processes are waited for. Default: 5000. */
  readonly lockTimeoutMs?: number;
}

/**
 * The path in a URL such as `sqlite:data/x.db`, `sqlite:/data/x.db` or `sqlite:///data/x.db`;
 * undefined if it is anything else. Paths are taken as they are, so escapes are refused.
 */
export function parseSqliteUrl(url: string): string | undefined {
  const path = /^sqlite:(?:\/\/(?=\/))?(?!\/\/)([^?#%\p{Cc}]*[^?#%\p{Cc}/])$/iu.exec(url)?.[1];
  if (path === undefined || [".", "..", ":memory:"].includes(basename(path))) return undefined;
  return path;
}

/**
 * Opens a database and brings its schema up to date.
 *
 * @throws {StorageOpenError} if that is impossible
 */
export async function openSqlite({
  path,
  migrations,
  observer,
  create = true,
  lockTimeoutMs,
}: SqliteOptions): Promise<SqliteStorage> {
  const file = resolve(path);
  let db: Database | undefined;
  try {
    if (create) await makeFolder(dirname(file));
    await refuseLoneLog(file);
    const opened = (db = new Database(file, { create, readwrite: true, strict: true }));
    await retryWhileBusy(() => configure(opened), lockTimeoutMs);
    // This reads the header and the schema, where a file of another kind and the worst damage show.
    // `quick_check` reads every page: a second per gigabyte, and far more from a cold disk.
    const migrated = await migrate(opened, migrations, lockTimeoutMs);
    return sqliteStorage(opened, migrated, { observer, lockTimeoutMs });
  } catch (error) {
    db?.close();
    if (error instanceof StorageOpenError) throw error;
    const why = await reason(file, error, create);
    throw new StorageOpenError(`Cannot open the database "${file}": ${why}`, { cause: error });
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new Error(`its folder cannot be made (${errorMessage(error)}); name another path`, {
      cause: error,
    });
  }
}

/** SQLite takes a log whose database is missing or empty for a leftover, and deletes it. */
async function refuseLoneLog(file: string): Promise<void> {
  const log = `${file}-wal`;
  // In this order: another process that makes a database writes to the log last.
  if ((await sizeOf(log)) === 0 || (await sizeOf(file)) > 0) return;
  throw new Error(
    `it is missing or empty, but "${log}" is not; put the database back, or move that file away`,
  );
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}

function configure(db: Database): void {
  db.run("PRAGMA busy_timeout = 0"); // a wait within SQLite would stop the event loop
  db.run("PRAGMA trusted_schema = OFF");
  db.run("PRAGMA synchronous = FULL"); // each commit is on the disk when it returns
  db.run("PRAGMA journal_size_limit = 67108864"); // or the log keeps its largest size for good
  using switchToWal = db.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL");
  if (switchToWal.get()?.journal_mode !== "wal") {
    throw new Error("its file system has no shared memory; put it on a local disk");
  }
}

function sqliteStorage(
  db: Database,
  migrated: Migrated,
  options: { observer: StorageObserver | undefined; lockTimeoutMs: number | undefined },
): SqliteStorage {
  const snapshot = new ReadSnapshot(db);
  const commits = new GroupCommit(db, { ...options, beforeBegin: () => snapshot.end() });
  const firstTable = db.prepare("SELECT name FROM sqlite_schema LIMIT 1");
  let closed: Promise<void> | undefined;

  async function close(isCut: boolean): Promise<void> {
    await commits.close(isCut);
    snapshot.end();
    try {
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // The next one to open the file does it: what is in the log is safe there.
    }
    db.close(true); // else statements that stores prepared keep the file open, and go on working
  }

  const read = <T>(query: () => T): Promise<T> =>
    retryWhileBusy(() => snapshot.read(query), options.lockTimeoutMs);

  return {
    db,
    migrated,
    read,
    write: (change) => commits.write(change),
    async ping() {
      await read(() => firstTable.get());
      if (hasMoved(db)) throw new StorageUnavailable("gone");
    },
    close: (isCut = false) => (closed ??= close(isCut)),
  };
}

/** Why a file could not be opened, and what to do. */
async function reason(file: string, error: unknown, create: boolean): Promise<string> {
  if (error instanceof StorageUnavailable) {
    return error.reason === "full"
      ? "its disk is full; make room"
      : "another process keeps it locked; stop that process or try again later";
  }
  if (!(error instanceof SQLiteError)) {
    return errorMessage(error);
  }
  switch (primaryCode(error)) {
    case resultCode.SQLITE_READONLY:
      return "it cannot be written; let this user write the file and its folder";
    case resultCode.SQLITE_CORRUPT:
      return "it is damaged; restore a backup";
    case resultCode.SQLITE_CANTOPEN:
      return await reasonNotFound(file, create);
    case resultCode.SQLITE_NOTADB:
      return "it is not an SQLite database; name another file";
    default:
      return `${error.message} (${error.code}); check its disk`;
  }
}

async function reasonNotFound(file: string, create: boolean): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) return "it is a folder; name a file";
  if (found === undefined && !create) return "there is no such file; check the path";
  return "this user cannot open or make it; let it write the file and its folder";
}
