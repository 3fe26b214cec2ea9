// user-service on PostgreSQL. Imported only where `DATABASE_URL` names a server.
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { migrations } from "../migrations/postgres/index.ts";
import { postgresUserStore } from "../users/postgres-user-store.ts";

/** The migrations and the stores. */
export const postgres = {
  migrations,
  stores: (storage: PostgresStorage) => ({ users: postgresUserStore(storage) }),
};
