// Checks that a file is an undamaged database of this program.
import { Database } from "bun:sqlite";
import { findCorruption } from "./errors.ts";
import { migrate, readHistory, tableWithOrphan } from "./migrations.ts";

/**
 * Reads every page of a backup that no process uses, and takes it out of WAL mode.
 *
 * @param migrations those of the program; the backup must have the first of them, or all
 * @throws Error if the backup is damaged, or was made by another service or a newer program
 */
export async function verifyBackup(path: string, migrations: readonly string[]): Promise<void> {
  using db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    db.run("PRAGMA trusted_schema = OFF");
    db.run("PRAGMA journal_mode = DELETE"); // WAL mode would make a second file to move
    const damage = db
      .query<{ integrity_check: string }, []>("PRAGMA integrity_check(1)")
      .get()?.integrity_check;
    if (damage !== "ok") throw new Error(`it is damaged (${damage}); name another copy`);
    const child = tableWithOrphan(db);
    if (child) {
      throw new Error(`it is damaged (a row of ${child} lacks its parent); name another copy`);
    }
    const { length: version } = readHistory(db);
    if (version === 0) throw new Error("it is no backup of this service; name another copy");
    // Compares the histories and applies nothing: the operator may restore an older copy in order
    // to run an older program.
    await migrate(db, migrations.slice(0, version));
  } catch (error) {
    const damage = findCorruption(error);
    if (damage === undefined) throw error;
    throw new Error(`it is ${damage}; name another copy`, { cause: error });
  }
}
