// What the migrations of every storage engine have in common: versions and checksums.
import { StorageOpenError } from "./storage.ts";

/** The versions of a database before and after its migration; an empty database has version 0. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
  /** How long its transaction took, without the wait for another process's lock. */
  readonly durationMs: number;
}

/** A migration that a database has run, as its table `schema_migrations` has it. */
export interface AppliedMigration {
  readonly version: number;
  readonly checksum: string;
}

/**
 * Compares the history of a database with a program's migrations. Whole migrations are compared and
 * not a bare number, which cannot tell this service's database from another service's, nor from one
 * whose migrations were edited after they had run.
 *
 * @param database its name, for the error text
 * @returns the version of the database
 * @throws {StorageOpenError} unless `migrations` begin with the history
 */
export function versionOf(
  database: string,
  history: readonly AppliedMigration[],
  migrations: readonly string[],
): number {
  for (const { version, checksum } of history) {
    const migration = migrations[version - 1];
    if (migration === undefined) {
      throw new StorageOpenError(
        `Cannot use the database "${database}": it is at version ${history.length} and this ` +
          `program knows ${migrations.length}; run a newer program`,
      );
    }
    if (checksum === checksumOf(migration)) continue;
    throw new StorageOpenError(
      `Cannot use the database "${database}": its version ${version} was made by another ` +
        "program, or by a migration that was edited since; name the right database, or take the " +
        "edit back and write a new migration",
    );
  }
  return history.length;
}

/** The checksum of a migration, whatever ends its lines. */
export function checksumOf(sql: string): string {
  return new Bun.CryptoHasher("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex");
}
