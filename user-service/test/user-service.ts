// user-service in the process of a test.
import {
  bodyOf,
  startService,
  type RunningService,
} from "@platform/shared/testing/running-service";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/index.ts";
import { sqliteUserStore } from "../src/users/sqlite-user-store.ts";
import type { User } from "../src/users/user.ts";

/** Starts user-service on a free port with an empty database; `now` is in milliseconds since 1970. */
export function startUserService({ now }: { now?: () => number } = {}): Promise<RunningService> {
  return startService({
    name: "user-service",
    migrations,
    build: (parts, storage) => createApp({ ...parts, users: sqliteUserStore(storage, now) }),
  });
}

/** Creates a user. Rejects unless the response is 201. */
export async function createUser(
  { request }: RunningService,
  json: unknown = { name: "Alice", email: "alice@example.com" },
): Promise<User> {
  const response = await request("/users", { json });
  if (response.status !== 201) throw new Error(`Not created: ${await response.text()}`);
  return bodyOf<User>(response);
}
