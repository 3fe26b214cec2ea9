// Whether a file is an undamaged database that a program can run on.
import { Database } from "bun:sqlite";
import { findCorruption } from "./errors.ts";
import { migrate } from "./migrations.ts";

/**
 * Reads a whole backup that no process uses, and leaves it as one file.
 *
 * @param migrations the program's, of which the backup must have had the first or all
 * @throws Error if the backup is damaged, or of another service or a newer program
 */
export async function verifyBackup(path: string, migrations: readonly string[]): Promise<void> {
  using db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    db.run("PRAGMA trusted_schema = OFF");
    db.run("PRAGMA journal_mode = DELETE"); // else there are two files to move
    using pages = db.prepare<{ integrity_check: string }, []>("PRAGMA integrity_check(1)");
    const fault = pages.get()?.integrity_check;
    if (fault !== "ok") throw new Error(`it is damaged (${fault}); name another copy`);
    using references = db.prepare<{ table: string }, []>("PRAGMA foreign_key_check");
    const orphan = references.get();
    if (orphan) {
      throw new Error(
        `it is damaged (a row of ${orphan.table} lacks its parent); name another copy`,
      );
    }
    const version = versionOf(db);
    if (version === 0) throw new Error("it is no backup of this service; name another copy");
    // Compares the histories and applies nothing: an older copy may be wanted for an older program.
    await migrate(db, migrations.slice(0, version));
  } catch (error) {
    const damage = findCorruption(error);
    if (damage === undefined) throw error;
    throw new Error(`it is ${damage}; name another copy`, { cause: error });
  }
}

function versionOf(db: Database): number {
  using table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (!table.get()) return 0;
  using count = db.prepare<{ version: number }, []>(
    "SELECT count(*) AS version FROM schema_migrations",
  );
  return count.get()?.version ?? 0;
}
