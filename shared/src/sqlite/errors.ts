// What SQLite's result codes mean for a caller (https://sqlite.org/rescode.html).
import { SQLiteError } from "bun:sqlite";
import { hasErrno } from "../core/errno.ts";
import { StorageUnavailable } from "../core/storage.ts";

/** The result codes that a caller can do something about. */
export const resultCode = {
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_NOTADB: 26,
  /** The WAL's index (`-shm`) cannot grow. */
  SQLITE_IOERR_SHMSIZE: 4874,
} as const;

/** The primary result code of an error of SQLite; 0 (SQLITE_OK) for every other error. */
export function primaryCode(error: unknown): number {
  return error instanceof SQLiteError ? error.errno & 0xff : 0;
}

/** Whether another process holds the lock that a statement needs. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === resultCode.SQLITE_BUSY;
}

/** Whether SQLite found no room on the disk, for the database, the WAL or the WAL's index. */
export function isFull(error: unknown): boolean {
  return (
    error instanceof SQLiteError &&
    (error.errno === resultCode.SQLITE_FULL || error.errno === resultCode.SQLITE_IOERR_SHMSIZE)
  );
}

/** Whether an error of SQLite, of the file system or of the storage says that the disk is full. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof StorageUnavailable) return error.reason === "full";
  return isFull(error) || hasErrno(error, "ENOSPC", "EDQUOT");
}

/** What an error says about the database file, after "it is"; undefined if it says nothing. */
export function findCorruption(error: unknown): string | undefined {
  const code = primaryCode(error);
  if (code === resultCode.SQLITE_CORRUPT) return "damaged";
  return code === resultCode.SQLITE_NOTADB ? "not an SQLite database" : undefined;
}
