// order-service on PostgreSQL. Imported only where `DATABASE_URL` names a server.
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { migrations } from "../migrations/postgres/index.ts";
import { postgresOrderStore } from "../orders/postgres-order-store.ts";
import { tables } from "./tables.ts";

/** The migrations, the stores, and the tables that both engines have. */
export const postgres = {
  migrations,
  tables,
  stores: (storage: PostgresStorage) => ({ orders: postgresOrderStore(storage) }),
};
