// Concurrent requests of which only one may win.
import { bodyOfStatus, type Send } from "../support/clients.ts";
import { newOrder, type Order, type User } from "../support/platform/resources.ts";
import type { TextResponse } from "../support/raw-client.ts";

function only<T>(winners: readonly T[], prize: string): T {
  const [winner] = winners;
  if (winner === undefined || winners.length > 1) {
    throw new Error(`${winners.length} winners of ${prize}`);
  }
  return winner;
}

function isFirst({ status, headers }: TextResponse): boolean {
  return status === 201 && !headers.has("idempotent-replayed");
}

/** Creates users with one address at once. @throws Error unless one is created and all lists have it */
export async function raceForEmail(sends: readonly Send[], n: number): Promise<void> {
  const email = `race${n}@example.com`;
  const responses = await Promise.all(
    sends.map((send, name) => send("POST", "/users", { json: { name: `Racer ${name}`, email } })),
  );
  const winner = only(
    responses.filter(({ status }) => status === 201),
    email,
  );
  for (const response of responses) if (response !== winner) bodyOfStatus(response, 409);
  for (const send of sends) {
    const listed = bodyOfStatus(await send("GET", `/users?email=${email}`), 200) as User[];
    if (Bun.deepEquals(listed, [bodyOfStatus(winner, 201)])) continue;
    throw new Error(`${winner.body} was created, and listed is ${JSON.stringify(listed)}`);
  }
}

/** Places orders under one key at once. @throws Error unless one is placed and all clients get it */
export async function raceForKey(sends: readonly Send[], userId: string, n: number): Promise<void> {
  const key = `race-${n}`;
  const place = (send: Send) =>
    send("POST", "/orders", { json: newOrder(userId, n), headers: { "idempotency-key": key } });
  const responses = await Promise.all(sends.map(place));
  const order = bodyOfStatus(only(responses.filter(isFirst), key), 201) as Order;
  // A client that came while the key was in progress got 409, and gets the order now.
  const repeated = await Promise.all(sends.map(place));
  for (const response of [...responses.filter(({ status }) => status !== 409), ...repeated]) {
    if (Bun.deepEquals(bodyOfStatus(response, 201), order)) continue;
    throw new Error(`${key} made ${JSON.stringify(order)}, and a repetition got ${response.body}`);
  }
}
