// Reads of the newest state of a database. Taking SQLite's lock and letting go of it costs several
// times what finding a row does, so reads share a transaction for as long as nobody commits.
import type { Database, Statement } from "bun:sqlite";
import { watchCommits } from "./database-file.ts";

/** Runs reads, each of which sees one state: the newest that there is when it begins. */
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

  /** Gives what `query` returns, or throws what it throws. */
  read<T>(query: () => T): T {
    // Asked before each transaction too: what is committed between that and its first statement is
    // seen by it, and taken for news later, which costs a lock and no more.
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
    // A log cannot begin anew while somebody reads what is in it.
    setImmediate(() => {
      this.#isEndDue = false;
      this.end();
    });
  }

  /** Lets go of the lock, if it is held: before a write, and before the database is closed. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Some errors end a transaction by themselves.
    if (this.#db.inTransaction) this.#commit.run();
  }
}
