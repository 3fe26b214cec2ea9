// Clients that place orders while a test makes the clock jump.
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { newOrder, type Order } from "../support/platform/resources.ts";

/** Starts 8 clients that place orders without an idempotency key. */
export function startOrderClients(url: string, userId: string) {
  const send = fetchClient(url);
  const placed: Order[] = [];
  const load = repeat(8, async (n) => {
    const response = await send("POST", "/orders", { json: newOrder(userId, n) });
    placed.push(bodyOfStatus(response, 201) as Order);
  });
  return {
    /** The orders of all 201 responses. */
    placed,
    stop: load.stop,
    /** Resolves when `count` more orders are placed. Rejects if a response is not a 201. */
    more(count: number) {
      const enough = placed.length + count;
      return load.until(() => placed.length >= enough);
    },
  };
}
