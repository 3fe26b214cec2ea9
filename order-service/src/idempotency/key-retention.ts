// Idempotency keys are forgotten when nobody can still be repeating their request.
import type { BackgroundJob } from "@platform/shared/service/background-jobs";
import { keyClock, type KeyClock } from "./key-clock.ts";
import type { OrderStore } from "../orders/order-store.ts";

const hourMs = 3_600_000;

/** A day is promised; the hour more is for clocks and for the time that placing an order takes. */
const retentionMs = 25 * hourMs;

/**
 * Few enough that the requests in between do not notice: each key is in a page of its own, and a
 * hundred took 8 ms, with pages to move out of the log every sixth time.
 */
const keysAtOnce = 25;

/** How long nothing is forgotten after a step, as a multiple of the time that it took. */
const restShare = 4;
const maxRestMs = 250;

/** What keeps time for {@link keyRetention}; all of it has defaults. */
interface Timing {
  readonly clock?: KeyClock;
  /** Monotonic milliseconds. */
  elapsed?(): number;
  /** Resolves after this many milliseconds. */
  pause?(ms: number): Promise<void>;
}

export function keyRetention(
  orders: Pick<OrderStore, "forgetKeys">,
  { clock = keyClock(), elapsed = () => performance.now(), pause = Bun.sleep }: Timing = {},
): BackgroundJob {
  return {
    intervalMs: 60_000,
    async run(stop) {
      const time = clock.judgedAt() - retentionMs;
      while (!stop.aborted) {
        const startedAt = elapsed();
        if ((await orders.forgetKeys(time, keysAtOnce)) < keysAtOnce) return;
        await pause(Math.min(restShare * (elapsed() - startedAt), maxRestMs));
      }
    },
  };
}
