// Reads of the newest state of a database. To take and release SQLite's lock costs several times as
// much as to find a row, so reads share a transaction until a process commits.
import type { Database } from "bun:sqlite";
import { watchCommits } from "./database-file.ts";
import { retryWhileBusy } from "./lock.ts";

/**
 * Runs reads. Each sees one state of the database: the newest when it begins.
 *
 * @param lockTimeoutMs how long a read waits while another process has locked the whole file
 */
export function readSnapshot(db: Database, lockTimeoutMs: number) {
  const begin = db.prepare("BEGIN");
  const commit = db.prepare("COMMIT");
  const hasChanged = watchCommits(db.filename);
  let isOpen = false;

  /** Ends the shared transaction, if one is open. Call it before a write and before closing. */
  function end(): void {
    if (!isOpen) return;
    isOpen = false;
    // After some errors SQLite has already rolled back.
    if (db.inTransaction) commit.run();
  }

  /** Resolves with what `query` returns and rejects with what it throws. */
  function read<T>(query: () => T): Promise<T> {
    return retryWhileBusy(() => {
      // Looked at before each transaction begins. The transaction also sees what is committed
      // between this look and its first statement; the next look reports that commit again, which
      // costs one new transaction and nothing else.
      const isStale = hasChanged();
      if (isStale || !isOpen) {
        end();
        begin.run();
        isOpen = true;
        // An open read transaction keeps SQLite from restarting the WAL, so end it with this turn
        // of the event loop.
        setImmediate(end);
      }
      try {
        return query();
      } catch (error) {
        end();
        throw error;
      }
    }, lockTimeoutMs);
  }

  return { read, end };
}
