// Reads of the newest state of a database. To take and release SQLite's lock costs several times as
// much as to find a row, so reads share a transaction until a process commits.
import type { Database, Statement } from "bun:sqlite";
import { watchCommits } from "./database-file.ts";
import { retryWhileBusy } from "./lock.ts";

/** Runs reads. Each sees one state of the database: the newest when it begins. */
export class ReadSnapshot {
  readonly #db: Database;
  readonly #lockTimeoutMs: number;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #hasChanged: () => boolean;
  #isOpen = false;

  /** @param lockTimeoutMs how long a read waits while another process has locked the whole file */
  constructor(db: Database, lockTimeoutMs: number) {
    this.#db = db;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#begin = db.prepare("BEGIN");
    this.#commit = db.prepare("COMMIT");
    this.#hasChanged = watchCommits(db.filename);
  }

  /** Resolves with what `query` returns and rejects with what it throws, as {@link retryWhileBusy}. */
  readonly read = <T>(query: () => T): Promise<T> =>
    retryWhileBusy(() => {
      // Looked at before each transaction begins. The transaction also sees what is committed between
      // this look and its first statement; the next look reports that commit again, which costs one
      // new transaction and nothing else.
      const isStale = this.#hasChanged();
      try {
        if (isStale || !this.#isOpen) {
          this.end();
          this.#begin.run();
          this.#isOpen = true;
          // An open read transaction keeps SQLite from restarting the WAL, so end it with this turn
          // of the event loop.
          setImmediate(this.end);
        }
        return query();
      } catch (error) {
        this.end();
        throw error;
      }
    }, this.#lockTimeoutMs);

  /** Ends the shared transaction, if one is open. Call it before a write and before closing. */
  readonly end = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // After some errors SQLite has already rolled back.
    if (this.#db.inTransaction) this.#commit.run();
  };
}
