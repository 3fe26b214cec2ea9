// order-service on PostgreSQL. Imported only where `DATABASE_URL` names a server.
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { migrations } from "../migrations/postgres/index.ts";
import { postgresOrderStore } from "../orders/postgres-order-store.ts";

/** The migrations and the stores. */
export const postgres = {
  migrations,
  stores: (storage: PostgresStorage) => ({ orders: postgresOrderStore(storage) }),
};
