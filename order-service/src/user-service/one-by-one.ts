// Asks for users one by one where user-service does not understand `?ids=`, as an older version that
// runs beside the new one during a roll-out.
import { batchCalls, type LoadKey } from "./call-batcher.ts";
import type { Attempt } from "./user-client.ts";

/** Beyond so many batches in flight, ids queue and share the next: a call costs far more than an id. */
const maxBatches = 8;

/** The most ids that user-service accepts in a call. */
const maxBatchSize = 100;

/**
 * Together with the batches at most 250 calls in flight. Bun's fetch queues a process's requests beyond
 * 256, and their time in that queue would count as time that user-service took.
 */
const maxSingleCalls = 250 - maxBatches;

/** How long to ask one by one before the next attempt at a batch. */
const oneByOneMs = 60_000;

/**
 * Batches ids. If user-service does not understand a batch, each of its ids gets a call of its own, as
 * does every other id during the next minute.
 */
export function batchOrOneByOne<T extends Pick<Attempt, "batchUnsupported"> | string>(
  call: (ids: readonly string[], enqueuedAt: number) => Promise<T>,
  maxWaitMs: number,
): LoadKey<T> {
  const loadInBatch = batchCalls({ maxCalls: maxBatches, maxBatchSize, maxWaitMs, call });
  const loadAlone = batchCalls({ maxCalls: maxSingleCalls, maxBatchSize: 1, maxWaitMs, call });
  let oneByOneUntil = -Infinity;

  return async (id, enqueuedAt) => {
    if (performance.now() >= oneByOneUntil) {
      const result = await loadInBatch(id, enqueuedAt);
      if (typeof result === "string" || result.batchUnsupported !== true) return result;
      oneByOneUntil = performance.now() + oneByOneMs;
    }
    return loadAlone(id, enqueuedAt);
  };
}
