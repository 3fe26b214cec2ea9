// The lock that keeps every other process out of a database.
import { constants, Database } from "bun:sqlite";
import { pathToFileURL } from "node:url";
import { findCorruption, isBusy } from "./errors.ts";

/**
 * Opens a database so that no other process can use it until it is closed. Removes the WAL beside
 * it, unless the file is damaged.
 *
 * Every process that has the database open in WAL mode holds a shared lock, busy or idle. SQLite's
 * VFS `unix-excl` takes the exclusive lock before it reads a byte, so damaged files can be locked
 * too, and keeps it while the file is open. If this process opened and closed the file by other
 * means, POSIX would drop that lock.
 *
 * @throws Error if another process has it open
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
