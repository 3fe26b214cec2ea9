// Concurrent requests of which only one may win.
import { bodyOfStatus, type Send } from "../support/clients.ts";
import type { User } from "../support/platform/resources.ts";
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

/** What requests for one key get: the 201 of the first, or 409 while it is in progress. */
function isExpected({ status, body }: TextResponse): boolean {
  return status === 201 || (status === 409 && JSON.parse(body).code === "key-in-progress");
}

/** Sends a POST under one key at once. @throws Error unless one creates, and all clients get that */
export async function raceForKey(
  sends: readonly Send[],
  path: string,
  json: unknown,
  key: string,
): Promise<void> {
  const create = (send: Send) => send("POST", path, { json, headers: { "idempotency-key": key } });
  const responses = await Promise.all(sends.map(create));
  const created = bodyOfStatus(only(responses.filter(isFirst), key), 201);
  for (const response of responses) if (!isExpected(response)) bodyOfStatus(response, 201);
  // A client that came while the key was in progress got 409, and gets the resource now.
  const repeated = await Promise.all(sends.map(create));
  for (const response of [...responses.filter(({ status }) => status !== 409), ...repeated]) {
    if (Bun.deepEquals(bodyOfStatus(response, 201), created)) continue;
    throw new Error(`${key} made ${JSON.stringify(created)}, and a repeat got ${response.body}`);
  }
}
