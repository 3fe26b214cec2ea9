// user-service as a test controls it: the responses of a healthy one, and one that holds them back.
import { startFakeUpstream, type Behaviour } from "../fake-upstream.ts";
import { http } from "../upstream-behaviours.ts";

/** The user of the orders that tests place. */
export const user = {
  id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
  name: "Alice",
  email: "alice@example.com",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
};

/** The same user as user-service sends it. */
export const userJson = JSON.stringify(user);

/** A response to a request for a user that does not exist. */
export const userNotFound = http("404 Not Found", JSON.stringify({ detail: "User not found" }));

function usersAt(path: string): unknown {
  const ids = /[?&]ids=([^&]*)/.exec(path)?.[1];
  if (ids === undefined) return { ...user, id: path.slice(path.lastIndexOf("/") + 1) };
  return decodeURIComponent(ids)
    .split(",")
    .map((id) => ({ ...user, id }));
}

/** Every user exists, asked for alone (`/users/{id}`) or in a batch (`/users?ids=`). */
export const healthy: Behaviour = {
  onRequest: (socket, path) => void socket.write(http("200 OK", JSON.stringify(usersAt(path)))),
};

/**
 * Starts a healthy user-service on a free port. It holds back every response until `release`, which
 * sends the responses that are due, and later ones at once.
 */
export async function startHeldUserService() {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const upstream = await startFakeUpstream({
    onRequest: (socket, path) => void released.then(() => healthy.onRequest?.(socket, path)),
  });
  return Object.assign(upstream, { release });
}
