// A storage on a database that a test has for itself.
import { SQL } from "bun";
import { openPostgres, type PostgresOptions } from "../../src/postgres/postgres-storage.ts";
import { postgresDatabase } from "../../testing/postgres.ts";
import { addressOf } from "../../testing/postgres-storage.ts";

type Options = Partial<Omit<PostgresOptions, "address">>;

/** Makes a database, and opens it as often as a test likes; closed and dropped at the end of its scope. */
export async function temporaryPostgres() {
  const database = await postgresDatabase();
  const admin = new SQL(database.url, { max: 2 });
  const opened: Disposable[] = [];
  const closings: (() => Promise<void>)[] = [];
  return {
    url: database.url,
    /** A session that no storage has. */
    admin,
    /** Opens a storage. @param url default: the database's */
    async open({ url = database.url, ...options }: Options & { url?: string } = {}) {
      const storage = await openPostgres({
        migrations: [],
        poolSize: 4,
        statementTimeoutMs: 500,
        ...options,
        address: addressOf(url),
      });
      closings.push(() => storage.close(true));
      return storage;
    },
    /** Disposes of something after the storages, and before the database. */
    defer: (disposable: Disposable) => void opened.push(disposable),
    async [Symbol.asyncDispose]() {
      await Promise.all(closings.map((close) => close()));
      for (const each of opened) each[Symbol.dispose]();
      await admin.close({ timeout: 0 });
      await database[Symbol.asyncDispose]();
    },
  };
}
