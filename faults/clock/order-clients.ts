// Clients that place orders while a test makes the clock jump.
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import type { Order } from "../support/platform/resources.ts";
import { newOrder } from "../support/platform/services.ts";

/** Clients at work. */
export interface OrderClients {
  /** The orders of all 201 responses. */
  readonly placed: Order[];
  /** Resolves when `count` more orders are placed. Rejects if a response is not a 201. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts 8 clients that place orders without an idempotency key. */
export function startOrderClients(url: string, userId: string): OrderClients {
  const send = fetchClient(url);
  const placed: Order[] = [];
  const load = repeat(8, async (n) => {
    const response = await send("POST", "/orders", { json: newOrder(userId, n) });
    placed.push(bodyOfStatus(response, 201) as Order);
  });
  return {
    placed,
    stop: load.stop,
    more(count) {
      const enough = placed.length + count;
      return load.until(() => placed.length >= enough);
    },
  };
}
