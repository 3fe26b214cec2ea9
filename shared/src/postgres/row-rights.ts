// Whether a role may do with the tables of a service what the service does.
import type { SQL } from "bun";
import { StorageOpenError } from "../core/storage.ts";

/**
 * The tables whose rows the role may not read and write: those of the owner of `schema_migrations`, in
 * the schema that the role uses; `schema_migrations` itself if the role may not use the schema. Rights to
 * columns count; DELETE is not asked for, because not every table needs it.
 */
export const tablesWithoutRights = (sql: SQL) => sql<{ name: string }[]>`
  SELECT relname AS name
  FROM pg_class
  WHERE relkind IN ('r', 'p')
    AND (relnamespace, relowner) = (
      SELECT relnamespace, relowner
      FROM pg_class
      WHERE oid = to_regclass('schema_migrations')
    )
    -- The service only reads them.
    AND relname NOT IN ('schema_migrations', 'secrets')
    AND NOT (
      has_any_column_privilege(oid, 'SELECT')
      AND has_any_column_privilege(oid, 'INSERT')
      AND has_any_column_privilege(oid, 'UPDATE')
    )
  UNION ALL
  SELECT 'schema_migrations'
  WHERE to_regclass('schema_migrations') IS NULL
  ORDER BY name`;

/**
 * Looks for {@link tablesWithoutRights}.
 *
 * @param name the database's name, for the error text
 * @throws {StorageOpenError} if there is one: each write to it would fail
 */
export async function requireRowRights(sql: SQL, name: string): Promise<void> {
  const tables = await tablesWithoutRights(sql);
  if (tables.length === 0) return;
  const names = tables.map((table) => table.name).join(", ");
  throw new StorageOpenError(
    `Cannot use the database ${name}: this role may not read and write the rows of ${names}; ` +
      "grant it that for all tables",
  );
}
