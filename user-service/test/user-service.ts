// user-service in the process of a test.
import type { Storage } from "@platform/shared/core/storage";
import type { Tracer } from "@platform/shared/core/tracer";
import type { CallingService } from "@platform/shared/auth/create-guard";
import { onEveryEngine } from "@platform/shared/testing/postgres";
import { temporaryPostgresStorage } from "@platform/shared/testing/postgres-storage";
import {
  bodyOf,
  startService,
  type RunningService,
} from "@platform/shared/testing/running-service";
import {
  temporaryStorage,
  type TemporaryStorage,
} from "@platform/shared/testing/temporary-storage";
import { createApp } from "../src/app.ts";
import { migrations as postgresMigrations } from "../src/migrations/postgres/index.ts";
import { migrations } from "../src/migrations/sqlite/index.ts";
import { postgresUserStore } from "../src/users/postgres-user-store.ts";
import { sqliteUserStore } from "../src/users/sqlite-user-store.ts";
import type { UserStore } from "../src/users/user-store.ts";
import type { User } from "../src/users/user.ts";

interface Options {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly publicUrl?: string;
  /** The variables of authentication. Default: none. */
  readonly auth?: Readonly<Record<string, string>>;
  /** Another service with tokens of its own. Default: none. */
  readonly callingService?: CallingService;
  /** Default: no trace is recorded. */
  readonly tracer?: Tracer;
  /** Puts something between the app and its store. */
  readonly wrap?: (users: UserStore) => UserStore;
  /** Whether no other test's database has the same secrets, which takes longer. Default: false */
  readonly hasOwnSecrets?: boolean;
}

/** A storage engine: how a test gets a database, and the store on it. */
interface Engine<S extends Storage> {
  open(hasOwnSecrets: boolean): Promise<TemporaryStorage<S>>;
  users(storage: S, now?: () => number): UserStore;
}

function startOn<S extends Storage>(
  engine: Engine<S>,
  { now, wrap = (users) => users, hasOwnSecrets = false, ...options }: Options = {},
): Promise<RunningService> {
  return startService({
    name: "user-service",
    database: engine.open(hasOwnSecrets),
    ...options,
    build: (parts, storage) => createApp({ ...parts, users: wrap(engine.users(storage, now)) }),
  });
}

/** Starts user-service on a free port with an empty database of SQLite. */
export function startUserService(options?: Options) {
  return startOn({ open: () => temporaryStorage(migrations), users: sqliteUserStore }, options);
}

/** The same for each engine, for `describe.each`. */
export const userServices = onEveryEngine({
  SQLite: startUserService,
  PostgreSQL: (options?: Options) =>
    startOn(
      {
        open: (hasOwnSecrets) =>
          temporaryPostgresStorage(postgresMigrations, { isCopy: !hasOwnSecrets, poolSize: 2 }),
        users: postgresUserStore,
      },
      options,
    ),
});

/** Creates a user. Rejects unless the response is 201. */
export async function createUser(
  { request }: RunningService,
  json: unknown = { name: "Alice", email: "alice@example.com" },
): Promise<User> {
  const response = await request("/users", { json });
  if (response.status !== 201) throw new Error(`Not created: ${await response.text()}`);
  return bodyOf<User>(response);
}
