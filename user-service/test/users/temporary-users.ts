// Stores of users for one test.
import { onEveryEngine } from "@platform/shared/testing/postgres";
import { temporaryPostgresStorage } from "@platform/shared/testing/postgres-storage";
import { temporaryStorage } from "@platform/shared/testing/temporary-storage";
import { migrations as postgresMigrations } from "../../src/migrations/postgres/index.ts";
import { migrations } from "../../src/migrations/sqlite/index.ts";
import { postgresUserStore } from "../../src/users/postgres-user-store.ts";
import { sqliteUserStore } from "../../src/users/sqlite-user-store.ts";
import type { UserStore } from "../../src/users/user-store.ts";

/** An empty store, and others on the same data, as other replicas have them. */
interface UserStores extends AsyncDisposable {
  /** The clock of all, in milliseconds since 1970, which only the test moves. */
  readonly clock: { ms: number };
  readonly users: UserStore;
  readonly replica: UserStore;
  openReplica(): Promise<UserStore>;
  /** A store for which two users are too many to sort. */
  readonly cautious: UserStore;
  /** Sets the clock that all judge keys by forward, or back by a negative number. */
  setClock(byMs: number): Promise<void>;
}

/** Makes stores on SQLite. */
async function temporarySqliteUsers() {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryStorage(migrations);
  const openReplica = async () => sqliteUserStore(await database.openAgain(), now);
  return {
    ...database,
    clock,
    async setClock(byMs: number) {
      clock.ms += byMs;
    },
    users: sqliteUserStore(database.storage, now),
    replica: await openReplica(),
    openReplica,
    cautious: sqliteUserStore(database.storage, now, 2),
  };
}

/** Makes stores on PostgreSQL. */
export async function temporaryPostgresUsers() {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryPostgresStorage(postgresMigrations);
  const openReplica = async () => postgresUserStore(await database.openAgain(), now);
  return {
    ...database,
    clock,
    users: postgresUserStore(database.storage, now),
    replica: await openReplica(),
    openReplica,
    cautious: postgresUserStore(database.storage, now, 2),
  };
}

/** How to make them on each engine, for `describe.each`. */
export const userStores = onEveryEngine<() => Promise<UserStores>>({
  SQLite: temporarySqliteUsers,
  PostgreSQL: temporaryPostgresUsers,
});
