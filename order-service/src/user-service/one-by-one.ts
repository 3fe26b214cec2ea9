// Asks for users one by one where a user-service does not understand `?ids=`: in a roll-out, an older
// version runs beside the new one.
import { batchCalls, type CallBatcher } from "./call-batcher.ts";

/** Beyond so many batches in flight, users queue for the next: a call costs far more than a user in it. */
const maxBatches = 8;

/** user-service accepts up to 100 ids in a call. */
const maxBatchSize = 100;

/**
 * Together with the batches at most 250. Bun's fetch has 256 requests of a process in flight; beyond,
 * the time in its queue would count as a failure of user-service.
 */
const maxSingleCalls = 250 - maxBatches;

/** How long to ask one by one before the next attempt at a batch. */
const oneByOneMs = 60_000;

/** What a call came to. */
interface CallResult {
  /** Whether this user-service cannot be asked for several users. */
  readonly batchUnsupported?: boolean;
}

/**
 * Batches calls. If one comes back as unsupported, each of its keys is loaded by a call of its own, as
 * is every other key during the next minute.
 */
export function batchOrOneByOne<T extends CallResult | string>(
  call: (ids: readonly string[], enqueuedAt: number) => Promise<T>,
  maxWaitMs: number,
): CallBatcher<T> {
  const batches = batchCalls({ maxCalls: maxBatches, maxBatchSize, maxWaitMs, call });
  const singles = batchCalls({ maxCalls: maxSingleCalls, maxBatchSize: 1, maxWaitMs, call });
  let oneByOneUntil = -Infinity;

  return {
    async load(id, enqueuedAt) {
      if (performance.now() >= oneByOneUntil) {
        const result = await batches.load(id, enqueuedAt);
        if (typeof result === "string" || result.batchUnsupported !== true) return result;
        oneByOneUntil = performance.now() + oneByOneMs;
      }
      return singles.load(id, enqueuedAt);
    },
  };
}
