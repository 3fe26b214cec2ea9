// user-service in the process of a test.
import { onEveryEngine } from "@platform/shared/testing/postgres";
import {
  bodyOf,
  startService,
  temporaryStorage,
  type RunningService,
} from "@platform/shared/testing/running-service";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/sqlite/index.ts";
import { sqliteUserStore } from "../src/users/sqlite-user-store.ts";
import type { UserStore } from "../src/users/user-store.ts";
import type { User } from "../src/users/user.ts";

interface Options {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly publicUrl?: string;
  /** Puts something between the app and its store. */
  readonly wrap?: (users: UserStore) => UserStore;
}

/** Starts user-service on a free port with an empty database of SQLite. */
export function startUserService({
  now,
  publicUrl,
  wrap = (users) => users,
}: Options = {}): Promise<RunningService> {
  return startService({
    name: "user-service",
    database: temporaryStorage(migrations),
    publicUrl,
    build: (parts, storage) => createApp({ ...parts, users: wrap(sqliteUserStore(storage, now)) }),
  });
}

/** How to start user-service on each engine, for `describe.each`. */
export const userServices = onEveryEngine({ SQLite: startUserService });

/** Creates a user. Rejects unless the response is 201. */
export async function createUser(
  { request }: RunningService,
  json: unknown = { name: "Alice", email: "alice@example.com" },
): Promise<User> {
  const response = await request("/users", { json });
  if (response.status !== 201) throw new Error(`Not created: ${await response.text()}`);
  return bodyOf<User>(response);
}
