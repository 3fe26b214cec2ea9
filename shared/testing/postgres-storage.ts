// Storage on PostgreSQL for a test.
import { SQL } from "bun";
import { openPostgres, type PostgresStorage } from "../src/postgres/postgres-storage.ts";
import { parsePostgresUrl } from "../src/postgres/postgres-url.ts";
import { postgresDatabase } from "./postgres.ts";

/** Makes a database of its own; its storages are closed, and it is dropped, at the end of its scope. */
export async function temporaryPostgresStorage(migrations: readonly string[]) {
  const database = await postgresDatabase();
  const address = parsePostgresUrl(database.url);
  if (address === undefined) throw new Error("The URL of the test database is malformed");
  const opened: PostgresStorage[] = [];
  const openAgain = async (poolSize = 4) => {
    const storage = await openPostgres({ address, migrations, poolSize });
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
    /** Opens the same database once more, as another replica would. @param poolSize default: 4 */
    openAgain,
    /** Runs a statement, as an operator would. @returns its rows */
    query: async (statement: string): Promise<object[]> => operator.unsafe<object[]>(statement),
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
  };
}
