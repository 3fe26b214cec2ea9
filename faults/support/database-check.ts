// Whether a database file is intact.
import { Database } from "bun:sqlite";

/** @throws Error if SQLite finds corruption, or rows that refer to missing rows */
export function checkDatabase(path: string): void {
  using db = new Database(path, { readonly: true });
  const integrity = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  if (integrity.length !== 1 || integrity[0]?.integrity_check !== "ok") {
    throw new Error(`Corrupt: ${JSON.stringify(integrity)}`);
  }
  const orphans = db.query("PRAGMA foreign_key_check").all();
  if (orphans.length > 0) throw new Error(`Rows without parents: ${JSON.stringify(orphans)}`);
}
