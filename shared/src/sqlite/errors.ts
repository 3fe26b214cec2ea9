// What SQLite's result codes mean for a caller (https://sqlite.org/rescode.html).
import { SQLiteError } from "bun:sqlite";
import { errnoReason, hasErrno } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import { StorageUnavailable, type CommitFailure } from "../core/storage.ts";
import { finalName } from "./durable-file.ts";

/** The result codes that a caller can do something about. */
export const resultCode = {
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_CONSTRAINT: 19,
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

/** Why a transaction failed, other than for a lock; undefined if none of its changes was tried. */
export function commitFailure(error: unknown): CommitFailure | undefined {
  if (error instanceof StorageUnavailable) return undefined;
  if (isFull(error)) return "full";
  if (primaryCode(error) === resultCode.SQLITE_IOERR) return "io";
  return findCorruption(error) === undefined ? "other" : "damaged";
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

/**
 * Why work on a file failed, and what the operator can do about it: an error of SQLite, of the file
 * system or of the storage in words. "It" is the database.
 */
export function operatorReason(error: unknown): string {
  if (isDiskFull(error)) return "the disk is full; make room";
  if (error instanceof StorageUnavailable) {
    return "another process keeps it locked; stop that process or try again later";
  }
  if (!(error instanceof SQLiteError)) return withPath(error);
  switch (primaryCode(error)) {
    case resultCode.SQLITE_READONLY:
      return "it cannot be written; let this user write the file and its folder";
    case resultCode.SQLITE_CORRUPT:
      return "it is damaged; restore a backup";
    case resultCode.SQLITE_CANTOPEN:
      return "this user cannot open or make it; let it write the file and its folder";
    case resultCode.SQLITE_NOTADB:
      return "it is not an SQLite database; name another file";
    default:
      return `${error.message} (${error.code}); check its disk`;
  }
}

/** The message of an error, with the path that an error of the file system has. */
function withPath(error: unknown): string {
  const reason = errnoReason(error);
  if (reason === undefined || !(error instanceof Error)) return errorMessage(error);
  const path = "path" in error && typeof error.path === "string" ? error.path : undefined;
  const where = path === undefined ? "" : ` ("${finalName(path) ?? path}")`;
  return `${reason.cause}${where}; ${reason.remedy}`;
}
