// The PostgreSQL database that is copied, which services may be using.
import type { AppliedMigration } from "../core/migration.ts";
import type { PostgresAddress } from "../postgres/postgres-url.ts";
import { CopyError } from "./copy-error.ts";
import type { CopySource, SourceOptions } from "./database.ts";
import { requireListedOnPostgres } from "./postgres-columns.ts";
import { postgresRows } from "./postgres-rows.ts";
import { CopySession } from "./postgres-session.ts";
import { requireCurrentSchema } from "./source-schema.ts";
import type { CopiedTable } from "./table.ts";

/**
 * A database on a server. It may be a standby, where writes cannot be blocked.
 *
 * @param migrations those of the program, which the database must have run
 * @param options `signal` ends the session
 */
export function postgresSource(
  address: PostgresAddress,
  migrations: readonly string[],
  tables: readonly CopiedTable[],
  { blocksWrites, signal }: SourceOptions & { readonly signal: AbortSignal },
): CopySource {
  const session = new CopySession(address, signal);

  async function readHistory(): Promise<AppliedMigration[]> {
    const [found] = await session.run<{ exists: boolean }>(
      "SELECT to_regclass('schema_migrations') IS NOT NULL AS exists",
    );
    if (found?.exists !== true) return [];
    return session.run<AppliedMigration>(
      "SELECT version, checksum FROM schema_migrations ORDER BY version",
    );
  }

  return {
    async begin() {
      // The lock needs a transaction that may write.
      const access = blocksWrites ? "READ WRITE" : "READ ONLY";
      await session.begin(`ISOLATION LEVEL REPEATABLE READ ${access}`);
      if (blocksWrites && !(await session.lock(tables, "EXCLUSIVE"))) {
        throw new CopyError("a session has locked rows for three seconds; end it");
      }
      requireCurrentSchema(address.name, await readHistory(), migrations);
      await requireListedOnPostgres("source", session, tables, migrations);
    },
    rows: (table) => postgresRows(session, table),
    async count({ name, children }) {
      const sum = children === undefined ? "0" : `coalesce(sum(${children.countColumn}), 0)`;
      const [found] = await session.run<{ rows: number; children: number }>(
        `SELECT count(*)::float8 AS rows, (${sum})::float8 AS children FROM ${name}`,
      );
      if (found === undefined) throw new Error("The server counted no rows");
      return { rows: found.rows, children: found.children };
    },
    unseen:
      "a row may have another number of child rows than it says: correct it, then run this again",
    requireBlocked: async () => void (blocksWrites && (await session.requireAlive())),
    close: () => session.close(),
  };
}
