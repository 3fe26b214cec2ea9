// user-service on SQLite.
import type { SqliteStorage } from "@platform/shared/sqlite/sqlite-storage";
import { migrations } from "../migrations/sqlite/index.ts";
import { sqliteUserStore } from "../users/sqlite-user-store.ts";

/** The migrations and the stores. */
export const sqlite = {
  migrations,
  stores: (storage: SqliteStorage) => ({ users: sqliteUserStore(storage) }),
};
