// The columns of a PostgreSQL database whose values a copy has to bring.
import { requireListed, type Column, type End, type ListedColumns } from "./listed-columns.ts";
import type { CopySession } from "./postgres-session.ts";
import type { CopiedTable } from "./table.ts";

/**
 * Reads the columns of all tables but the history of migrations. The catalogue, unlike
 * `information_schema`, also has tables that the role may not read. Generated columns, whose values
 * PostgreSQL computes, and partitions, whose rows their table has, are left out.
 */
export const selectPostgresColumns = `
  SELECT relname AS "table", attname AS "column"
  FROM pg_class
  JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(pg_class.oid)
    AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND relname <> 'schema_migrations'
  ORDER BY relname, attnum`;

/** The columns that tables have on PostgreSQL. */
export function listedOnPostgres(tables: readonly CopiedTable[]): ListedColumns {
  return new Map(
    tables.map(({ name, columns, children }) => [
      name,
      [
        ...Object.keys(columns),
        ...(children === undefined ? [] : [children.column, children.countColumn]),
      ],
    ]),
  );
}

/** Refuses a database as {@link requireListed} does. @throws {CopyError}, and what the session does */
export async function requireListedOnPostgres(
  end: End,
  session: CopySession,
  tables: readonly CopiedTable[],
  migrations: readonly string[],
): Promise<void> {
  const columns = await session.run<Column>(selectPostgresColumns);
  requireListed(end, columns, listedOnPostgres(tables), migrations);
}
