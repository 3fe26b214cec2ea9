// Idempotency keys are forgotten when nobody can still be repeating their request.
import type { Chore } from "@platform/shared/chores";
import type { OrderStore } from "./order-store.ts";

const hourMs = 3_600_000;

/** A day is promised; the hour more is for clocks and for the time that placing an order takes. */
const retentionMs = 25 * hourMs;

/** Few enough that the requests in between do not notice. */
const keysAtOnce = 100;

/** @param now milliseconds since 1970 */
export function keyRetention(orders: Pick<OrderStore, "forgetKeys">, now = Date.now): Chore {
  return {
    everyMs: 60_000,
    async run() {
      const time = now() - retentionMs;
      while ((await orders.forgetKeys(time, keysAtOnce)) === keysAtOnce);
    },
  };
}
