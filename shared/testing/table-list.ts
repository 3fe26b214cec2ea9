// The list of a service's tables, by which its database is copied, against what its migrations make.
import { describe, expect, test } from "bun:test";
import type { Column, ListedColumns } from "../src/copy/listed-columns.ts";
import { listedOnPostgres, selectPostgresColumns } from "../src/copy/postgres-columns.ts";
import { listedOnSqlite, selectSqliteColumns } from "../src/copy/sqlite-columns.ts";
import type { CopiedTable } from "../src/copy/table.ts";
import { onEveryEngine } from "./postgres.ts";
import { temporaryPostgresStorage } from "./postgres-storage.ts";
import { temporaryStorage } from "./temporary-storage.ts";

/** The columns that the migrations of an engine make, and those that are listed for it. */
type Read = () => Promise<{ made: readonly object[]; listed: ListedColumns }>;

/**
 * Tests that `tables` lists every column that the migrations make on either engine, and no other.
 *
 * @param migrations those of each engine
 */
export function testTableList(
  tables: readonly CopiedTable[],
  migrations: { readonly sqlite: readonly string[]; readonly postgres: readonly string[] },
): void {
  const engines = onEveryEngine<Read>({
    async SQLite() {
      await using database = await temporaryStorage(migrations.sqlite);
      return { made: await database.query(selectSqliteColumns), listed: listedOnSqlite(tables) };
    },
    async PostgreSQL() {
      await using database = await temporaryPostgresStorage(migrations.postgres);
      const made = await database.query(selectPostgresColumns);
      return { made, listed: listedOnPostgres(tables) };
    },
  });

  describe("src/engines/tables.ts", () => {
    test.each(engines)(
      "lists every table and column that migrations make on %s",
      async (_, read) => {
        const { made, listed } = await read();
        // The statements name these two columns.
        const names = (made as readonly Column[]).map(({ table, column }) => `${table}.${column}`);
        const listedNames = [...listed].flatMap(([table, columns]) =>
          columns.map((column) => `${table}.${column}`),
        );
        expect(listedNames.toSorted()).toEqual(names.toSorted());
      },
    );
  });
}
