// A database to oneself.
import { constants, Database } from "bun:sqlite";
import { pathToFileURL } from "node:url";
import { findCorruption, isBusy } from "./errors.ts";

/**
 * Keeps every process out of a database until it is closed, and leaves no log beside it unless it is
 * damaged.
 *
 * Whoever has it open in WAL mode has a shared lock on it, busy or idle. This VFS of SQLite's takes
 * the exclusive one before it reads a byte, so that it knows of damaged files as well, and keeps it
 * while the file is open. To open and close the file in this process by other means would drop it.
 *
 * @throws Error if a process has it open
 */
export function lockExclusively(path: string): Database {
  const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_URI;
  const db = new Database(`${pathToFileURL(path).href}?vfs=unix-excl`, flags);
  try {
    using leaveWal = db.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode = DELETE");
    const mode = leaveWal.get()?.journal_mode;
    if (mode !== "delete") throw new Error(`its journal mode stays ${mode}`);
    return db;
  } catch (error) {
    if (findCorruption(error) !== undefined) return db;
    db.close();
    if (!isBusy(error)) throw error;
    throw new Error("a process has the database open; stop the service, then run this again", {
      cause: error,
    });
  }
}
