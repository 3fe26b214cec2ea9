// Storage on PostgreSQL for a test.
import { SQL } from "bun";
import { openPostgres, type PostgresStorage } from "../src/postgres/postgres-storage.ts";
import { parsePostgresUrl, type PostgresAddress } from "../src/postgres/postgres-url.ts";
import { postgresDatabase } from "./postgres.ts";
import type { TemporaryStorage } from "./temporary-storage.ts";

/** The parts of the URL of a test's database. @throws Error if it is malformed */
export function addressOf(url: string): PostgresAddress {
  const address = parsePostgresUrl(url);
  if (address === undefined) throw new Error("The URL of the test's database is malformed");
  return address;
}

/** What prepares the databases that have these migrations; one for each list, so that one runs once. */
const preparations = new Map<readonly string[], (url: string) => Promise<void>>();

function preparationOf(migrations: readonly string[]): (url: string) => Promise<void> {
  const known = preparations.get(migrations);
  if (known !== undefined) return known;
  const prepare = async (url: string) => (await openMigrated(url, migrations, 1)).close();
  preparations.set(migrations, prepare);
  return prepare;
}

/** Opens a storage, and resolves when its migrations have run. @param poolSize default: 4 */
export async function openMigrated(
  url: string,
  migrations: readonly string[],
  poolSize = 4,
): Promise<PostgresStorage> {
  const storage = await openPostgres({ address: addressOf(url), migrations, poolSize });
  await storage.migrated;
  return storage;
}

interface Options {
  /**
   * Whether the database is a copy of one that the migrations have run on, which saves a third of the
   * time. Copies have the same secrets. Default: true
   */
  readonly isCopy?: boolean;
  /**
   * How many sessions each storage has, unless it is opened with another number. Bun.SQL opens all of
   * them for the first statement, and the server makes a process for each. Default: 4
   */
  readonly poolSize?: number;
}

/** Makes a database of PostgreSQL. */
export async function temporaryPostgresStorage(
  migrations: readonly string[],
  { isCopy = true, poolSize = 4 }: Options = {},
) {
  const database = await postgresDatabase(isCopy ? preparationOf(migrations) : undefined);
  const opened: PostgresStorage[] = [];
  const openAgain = async (size = poolSize) => {
    const storage = await openMigrated(database.url, migrations, size);
    opened.push(storage);
    return storage;
  };
  const storage = await openAgain();
  // A storage ends statements that take some seconds.
  const operator = new SQL(database.url, { max: 1 });
  return {
    /** As `DATABASE_URL` has it. */
    url: database.url,
    storage,
    /** Opens the same database once more, as another replica would. @param size of its pool */
    openAgain,
    /** Runs a statement, as an operator would. @returns its rows */
    query: async (statement): Promise<object[]> => operator.unsafe<object[]>(statement),
    /**
     * Has the same effect on idempotency keys as if the server's clock were set forward, or back by a
     * negative number.
     */
    async setClock(byMs: number): Promise<void> {
      await operator`
        UPDATE idempotency_keys
        SET lease_until = lease_until - ${byMs}::bigint, created_at = created_at - ${byMs}::bigint`;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([operator.close(), ...opened.map((each) => each.close())]);
      await database[Symbol.asyncDispose]();
    },
  } satisfies TemporaryStorage<PostgresStorage> & Record<string, unknown>;
}
