// A database for a test.
import { join } from "node:path";
import type { Storage } from "../src/core/storage.ts";
import { openSqlite, type SqliteStorage } from "../src/sqlite/sqlite-storage.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** An empty database of one test, whose storages are closed, and which is deleted, with its scope. */
export interface TemporaryStorage<S extends Storage> extends AsyncDisposable {
  readonly storage: S;
  /** Opens the same database once more, as another replica would. */
  openAgain(): Promise<S>;
  /** Runs a statement behind all writes so far, as an operator would. @returns its rows */
  query(statement: string): Promise<object[]>;
}

/** Makes a SQLite database in a folder of its own. */
export async function temporaryStorage(
  migrations: readonly string[],
): Promise<TemporaryStorage<SqliteStorage>> {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const opened: SqliteStorage[] = [];
  const openAgain = async () => {
    const storage = await openSqlite({ path, migrations });
    opened.push(storage);
    return storage;
  };
  const storage = await openAgain();
  return {
    storage,
    openAgain,
    query: (statement) => storage.write(() => storage.db.query<object, []>(statement).all()),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((storage) => storage.close()));
      await folder[Symbol.asyncDispose]();
    },
  };
}
