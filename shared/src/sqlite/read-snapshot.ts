// Reads of the newest state of a database. To take and release SQLite's lock costs several times as
// much as to find a row, so reads share a transaction until a process commits.
import type { Database, Statement } from "bun:sqlite";
import { watchCommits } from "./database-file.ts";

/** Runs reads. Each sees one state of the database: the newest when it begins. */
export class ReadSnapshot {
  readonly #db: Database;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #hasChanged: () => boolean;
  #isOpen = false;
  #isEndDue = false;

  constructor(db: Database) {
    this.#db = db;
    this.#begin = db.prepare("BEGIN");
    this.#commit = db.prepare("COMMIT");
    this.#hasChanged = watchCommits(db.filename);
  }

  /** Returns what `query` returns and throws what it throws, SQLITE_BUSY included. */
  read<T>(query: () => T): T {
    // Looked at before each transaction begins. The transaction also sees what is committed between
    // this look and its first statement; the next look reports that commit again, which costs one
    // new transaction and nothing else.
    const isStale = this.#hasChanged();
    if (isStale || !this.#isOpen) this.#renew();
    try {
      return query();
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #renew(): void {
    this.end();
    this.#begin.run();
    this.#isOpen = true;
    if (this.#isEndDue) return;
    this.#isEndDue = true;
    // An open read transaction keeps SQLite from restarting the WAL, so end it with this turn of
    // the event loop.
    setImmediate(() => {
      this.#isEndDue = false;
      this.end();
    });
  }

  /** Ends the shared transaction, if one is open. Call it before a write and before closing. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // After some errors SQLite has already rolled back.
    if (this.#db.inTransaction) this.#commit.run();
  }
}
