// user-service in the process of a test.
import {
  bodyOf,
  startService,
  type RunningService,
  type Sent,
} from "@platform/shared/testing/running-service";
import type { ServiceParts } from "@platform/shared/service/service-app";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/index.ts";
import { sqliteUserStore } from "../src/users/sqlite-user-store.ts";
import type { User } from "../src/users/user.ts";

interface Options {
  readonly limits?: Partial<ServiceParts["limits"]>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Starts user-service on a free port with an empty database. */
export function startUserService({ limits = {}, now }: Options = {}): Promise<RunningService> {
  return startService({
    name: "user-service",
    migrations,
    limits,
    build: (parts, storage) => createApp({ ...parts, users: sqliteUserStore(storage, now) }),
  });
}

/** Creates a user. Rejects unless the response is 201. */
export async function createUser(
  { request }: RunningService,
  json: unknown = { name: "Alice", email: "alice@example.com" },
  sent: Sent = {},
): Promise<User> {
  const response = await request("/users", { ...sent, json });
  if (response.status !== 201) throw new Error(`Not created: ${await response.text()}`);
  return bodyOf<User>(response);
}
