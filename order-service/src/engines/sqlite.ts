// order-service on SQLite.
import type { SqliteStorage } from "@platform/shared/sqlite/sqlite-storage";
import { migrations } from "../migrations/sqlite/index.ts";
import { sqliteOrderStore } from "../orders/sqlite-order-store.ts";

/** The migrations and the stores. */
export const sqlite = {
  migrations,
  stores: (storage: SqliteStorage) => ({ orders: sqliteOrderStore(storage) }),
};
