// Requests that are sent at once and of which one may win.
import type { Order } from "../../order-service/src/orders/order.ts";
import type { User } from "../../user-service/src/users/user.ts";
import { bodyOfStatus, type Send } from "../support/clients.ts";
import type { TextResponse } from "../support/raw-client.ts";
import { newOrder } from "../support/platform/platform.ts";

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

/** Makes users of one address at once. @throws Error if not one was made, or lists differ */
export async function raceForEmail(sends: readonly Send[], n: number): Promise<void> {
  const email = `race${n}@example.com`;
  const replies = await Promise.all(
    sends.map((send, name) => send("POST", "/users", { json: { name: `Racer ${name}`, email } })),
  );
  const winner = only(
    replies.filter(({ status }) => status === 201),
    email,
  );
  for (const reply of replies) if (reply !== winner) bodyOfStatus(reply, 409);
  for (const send of sends) {
    const listed = bodyOfStatus(await send("GET", `/users?email=${email}`), 200) as User[];
    if (Bun.deepEquals(listed, [bodyOfStatus(winner, 201)])) continue;
    throw new Error(`${winner.body} was made, and listed is ${JSON.stringify(listed)}`);
  }
}

/** Places one order by one key at once. @throws Error if not one was placed and told to everybody */
export async function raceForKey(sends: readonly Send[], userId: string, n: number): Promise<void> {
  const key = `race-${n}`;
  const place = (send: Send) =>
    send("POST", "/orders", { json: newOrder(userId, n), headers: { "idempotency-key": key } });
  const replies = await Promise.all(sends.map(place));
  const order = bodyOfStatus(only(replies.filter(isFirst), key), 201) as Order;
  // Who came too early is told to come again.
  const repeated = await Promise.all(sends.map(place));
  for (const reply of [...replies.filter(({ status }) => status !== 409), ...repeated]) {
    if (Bun.deepEquals(bodyOfStatus(reply, 201), order)) continue;
    throw new Error(`${key} made ${JSON.stringify(order)}, and was answered with ${reply.body}`);
  }
}
