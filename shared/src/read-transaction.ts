// Reads of several statements that see one state of the database.
import type { Database } from "bun:sqlite";

/**
 * Gives a way to run reads in transactions of their own. SQLite's lock is then taken once for a read
 * and not for each of its statements, which costs several times what finding a row does.
 */
export function readTransactions(db: Database): <T>(query: () => T) => T {
  const begin = db.prepare("BEGIN");
  const commit = db.prepare("COMMIT");
  return (query) => {
    begin.run();
    try {
      return query();
    } finally {
      // Some errors end a transaction by themselves.
      if (db.inTransaction) commit.run();
    }
  };
}
