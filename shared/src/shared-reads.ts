// Reads in transactions. Taking SQLite's lock and letting go of it costs several times what finding a
// row does, so requests that arrive together share one.
import type { Database, Statement } from "bun:sqlite";
import { whenArrivalsEnd } from "./arrivals.ts";

/**
 * Runs reads, each of which sees one state of the database. No reader sees an older one than there
 * was when its request arrived: all who share a transaction had been heard before it began.
 */
export class SharedReads {
  readonly #db: Database;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #isOpen = false;

  constructor(db: Database) {
    this.#db = db;
    this.#begin = db.prepare("BEGIN");
    this.#commit = db.prepare("COMMIT");
  }

  /** Gives what `query` returns, or throws what it throws. */
  run<T>(query: () => T): T {
    let isShared = this.#isOpen;
    if (!isShared) {
      this.#begin.run();
      this.#isOpen = true;
      isShared = whenArrivalsEnd(this.end);
    }
    let isDone = false;
    try {
      const found = query();
      isDone = true;
      return found;
    } finally {
      if (!isShared || !isDone) this.end();
    }
  }

  /** Lets go of the lock, if it is held: before a write, and before the database is closed. */
  readonly end = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Some errors end a transaction by themselves.
    if (this.#db.inTransaction) this.#commit.run();
  };
}
