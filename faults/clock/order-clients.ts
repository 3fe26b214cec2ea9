// Callers who place orders.
import type { Order } from "../../order-service/src/orders/order.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { newOrder } from "../support/platform/services.ts";

/** Buyers at work. */
export interface Buyers {
  /** What they were told to be placed. */
  readonly placed: Order[];
  /** Resolves when so many more have been placed. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Has 8 callers place orders without a key. */
export function placeOrders(url: string, userId: string): Buyers {
  const send = fetchClient(url);
  const placed: Order[] = [];
  const failure = Promise.withResolvers<never>();
  let awaited: { count: number; resolve(): void } | undefined;
  const load = repeat(8, async (n) => {
    const reply = await send("POST", "/orders", { json: newOrder(userId, n) });
    if (reply.status !== 201) failure.reject(new Error(`${reply.status}: ${reply.body}`));
    placed.push(bodyOfStatus(reply, 201) as Order);
    if (awaited && placed.length >= awaited.count) awaited.resolve();
  });
  return {
    placed,
    stop: load.stop,
    async more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      awaited = { count: placed.length + count, resolve };
      await Promise.race([promise, failure.promise]);
    },
  };
}
