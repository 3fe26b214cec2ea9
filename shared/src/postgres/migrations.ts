// Brings a database's schema up to date, in one transaction. Several processes may try at once.
import type { SQL } from "bun";
import { errorMessage } from "../core/error-message.ts";
import { checksumOf, versionOf, type AppliedMigration, type Migrated } from "../core/migration.ts";
import { StorageOpenError } from "../core/storage.ts";
import { isMissingColumn, isNameTaken, isRightMissing } from "./error-codes.ts";
import { isPermanent } from "./errors.ts";

/** The oldest server that is tested, as `server_version_num`. */
const minServerVersion = 140_000;

/** The advisory lock that a migrating process holds; any number that other programs do not take. */
const migrationLock = 7_309_453_672;

interface ServerFacts {
  readonly version: number;
  readonly encoding: string;
  readonly has_history: boolean;
}

/**
 * Runs the migrations that the database lacks, all or none, and records them. If there are none, it
 * only reads: the role needs no right to change the schema.
 *
 * @param sql one session, whose statements have no time-out
 * @param name the database's name, for error texts
 * @throws {StorageOpenError} if a migration fails, if other migrations have made the database, or if
 * the server or the database's encoding is not supported
 */
export async function migrate(
  sql: SQL,
  name: string,
  migrations: readonly string[],
): Promise<Migrated> {
  const [facts] = await sql<ServerFacts[]>`
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_encoding') AS encoding,
           to_regclass('schema_migrations') IS NOT NULL AS has_history`;
  if (facts === undefined) throw new Error("The server did not say what it is");
  refuseUnsupported(name, facts);
  const found = facts.has_history ? await findVersion(sql, name, migrations) : 0;
  if (facts.has_history && found === migrations.length) {
    return { from: found, to: found, durationMs: 0 };
  }
  try {
    return await sql.begin((transaction) => applyPending(transaction, name, migrations));
  } catch (error) {
    if (!isPermanent(error)) throw error;
    // Of two processes that migrate at once on a server whose advisory locks lock nothing, such as
    // CockroachDB, one fails when the other has committed.
    const version = await findVersion(sql, name, migrations).catch(() => undefined);
    if (version !== migrations.length) throw error;
    return { from: version, to: version, durationMs: 0 };
  }
}

function refuseUnsupported(name: string, { version, encoding }: ServerFacts): void {
  if (version < minServerVersion) {
    const found = Math.floor(version / 10_000);
    throw new StorageOpenError(
      `Cannot use the database ${name}: its server is PostgreSQL ${found}; use 14 or later`,
    );
  }
  if (encoding === "UTF8") return;
  throw new StorageOpenError(
    `Cannot use the database ${name}: its encoding is ${encoding}; create it with ENCODING 'UTF8'`,
  );
}

async function findVersion(sql: SQL, name: string, migrations: readonly string[]): Promise<number> {
  try {
    const history = await sql<AppliedMigration[]>`
      SELECT version, checksum
      FROM schema_migrations
      ORDER BY version`;
    return versionOf(name, history, migrations);
  } catch (error) {
    // Other tools for migrations keep a table of this name too.
    throw isMissingColumn(error) ? foreignDatabase(name, error) : error;
  }
}

function foreignDatabase(name: string, cause: unknown): StorageOpenError {
  return new StorageOpenError(
    `Cannot use the database ${name}: it is of another program; name the right database, or an ` +
      `empty one (${errorMessage(cause)})`,
    { cause },
  );
}

async function applyPending(
  sql: SQL,
  name: string,
  migrations: readonly string[],
): Promise<Migrated> {
  // Whatever the database's default is: after the wait for the lock, other levels would not see what
  // its holder did.
  await sql`SET TRANSACTION ISOLATION LEVEL READ COMMITTED`;
  // Behind a pooler the session has its role's time-outs, which are meant for the statement of a request.
  await sql`SET LOCAL statement_timeout = 0`;
  await sql`SET LOCAL lock_timeout = 0`;
  // It ends with the transaction, so that it works behind a transaction pooler too.
  await sql`SELECT pg_advisory_xact_lock(${migrationLock}::bigint)`;
  const startedAt = performance.now();
  // The lock above is waited for as long as another process migrates; a table's is not.
  await sql`SET LOCAL lock_timeout = '3s'`;
  await sql`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version    integer     NOT NULL PRIMARY KEY,
      checksum   text        NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`;
  const from = await findVersion(sql, name, migrations);
  for (const [index, migration] of migrations.entries()) {
    if (index >= from) await apply(sql, name, index + 1, migration);
  }
  return { from, to: migrations.length, durationMs: performance.now() - startedAt };
}

async function apply(sql: SQL, name: string, version: number, migration: string): Promise<void> {
  try {
    await sql.unsafe(migration);
    await sql`
      INSERT INTO schema_migrations (version, checksum)
      VALUES (${version}, ${checksumOf(migration)})`;
  } catch (error) {
    if (!isPermanent(error) || isRightMissing(error)) throw error;
    if (version === 1 && isNameTaken(error)) throw foreignDatabase(name, error);
    throw new StorageOpenError(
      `Cannot bring the database ${name} to version ${version}: ${errorMessage(error)}; ` +
        "nothing was changed; run the previous version until this migration is fixed",
      { cause: error },
    );
  }
}
