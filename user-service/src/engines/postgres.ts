// user-service on PostgreSQL. Imported only where `DATABASE_URL` names a server.
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { migrations } from "../migrations/postgres/index.ts";
import type { UserStore } from "../users/user-store.ts";

/** The migrations and the stores. */
export const postgres = {
  migrations,
  stores(_storage: PostgresStorage): { readonly users: UserStore } {
    throw new Error("user-service has no store for PostgreSQL yet");
  },
};
