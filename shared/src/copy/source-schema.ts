// The schema of the database that is copied.
import { versionOf, type AppliedMigration } from "../core/migration.ts";
import { CopyError } from "./copy-error.ts";

/**
 * Refuses a source with another schema than the program's, whose tables the copy expects.
 *
 * @param database its name, for the error text
 * @throws {CopyError} if the source lacks migrations; StorageOpenError if other migrations have made it
 */
export function requireCurrentSchema(
  database: string,
  history: readonly AppliedMigration[],
  migrations: readonly string[],
): void {
  const version = versionOf(database, history, migrations);
  if (version === migrations.length) return;
  throw new CopyError(
    `it is at version ${version} and this program knows ${migrations.length}; run migrate first`,
  );
}
