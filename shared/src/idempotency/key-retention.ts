// Deletes idempotency keys once no client can still be repeating their requests.
import type { BackgroundJob } from "../core/background-job.ts";
import type { IdempotencyKeys } from "./claim.ts";

const hourMs = 3_600_000;

/** A day is promised; the extra hour is for clocks and for the time that placing an order takes. */
const retentionMs = 25 * hourMs;

/**
 * Keys per transaction: few enough that requests in between notice nothing. Each key is in a page of
 * its own; a hundred took 8 ms, and every sixth time a checkpoint besides.
 */
const maxKeysAtOnce = 25;

/** The pause after a transaction, as a multiple of the time that it took. */
const pauseFactor = 4;
const maxPauseMs = 250;

/** The sources of time for {@link keyRetention}. */
interface Timing {
  /** Monotonic milliseconds. Default: `performance.now`. */
  elapsed?(): number;
  /** Resolves after this many milliseconds. Default: `Bun.sleep`. */
  pause?(ms: number): Promise<void>;
}

/** A job that looks every minute for keys older than 25 hours, and deletes them a few at a time. */
export function keyRetention(
  keys: Pick<IdempotencyKeys<unknown>, "forgetKeys">,
  { elapsed = () => performance.now(), pause = Bun.sleep }: Timing = {},
): BackgroundJob {
  return {
    intervalMs: 60_000,
    async run(stop) {
      while (!stop.aborted) {
        const startedAt = elapsed();
        if ((await keys.forgetKeys(retentionMs, maxKeysAtOnce)) < maxKeysAtOnce) return;
        await pause(Math.min(pauseFactor * (elapsed() - startedAt), maxPauseMs));
      }
    },
  };
}
