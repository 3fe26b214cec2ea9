// Asks for users one by one where user-service does not understand `?ids=`, as an older version that
// runs beside the new one during a roll-out.
import type { SpanContext } from "@platform/shared/core/tracer";
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

/** The part of an attempt that decides how to go on. */
type Batched = Pick<Attempt, "batchUnsupported" | "existing" | "others" | "status">;

function isEmptyList({ existing, others, status }: Batched): boolean {
  return status === 200 && others === "unknown" && existing.size === 0;
}

/**
 * Batches ids. If user-service does not understand a batch, each of its ids gets a call of its own, as
 * does every other id during the next minute. An empty list may come from any service: it counts if a
 * call for the batch's first id, which only user-service can respond to, does not find the user either.
 */
export function batchOrOneByOne<T extends Batched, Failure extends string>(
  call: (
    ids: readonly string[],
    enqueuedAt: number,
    links: readonly SpanContext[],
  ) => Promise<T | Failure>,
  maxWaitMs: number,
): LoadKey<T | Failure> {
  const loadInBatch = batchCalls({ maxCalls: maxBatches, maxBatchSize, maxWaitMs, call });
  const loadAlone = batchCalls({ maxCalls: maxSingleCalls, maxBatchSize: 1, maxWaitMs, call });
  const confirmations = new WeakMap<T, Promise<T | Failure | "queue-full">>();
  let oneByOneUntil = -Infinity;

  /** Asks for the first id of an empty list alone. If that user exists, so may all the others. */
  async function confirm(list: T, id: string, enqueuedAt: number) {
    const asking = confirmations.get(list) ?? loadAlone(id, enqueuedAt);
    confirmations.set(list, asking);
    const result = await asking;
    const exists = typeof result !== "string" && result.existing.size > 0;
    return exists ? loadAlone(id, enqueuedAt) : result;
  }

  return async (id, enqueuedAt) => {
    if (performance.now() >= oneByOneUntil) {
      const result = await loadInBatch(id, enqueuedAt);
      if (typeof result === "string") return result;
      if (isEmptyList(result)) return confirm(result, id, enqueuedAt);
      if (result.batchUnsupported !== true) return result;
      oneByOneUntil = performance.now() + oneByOneMs;
    }
    return loadAlone(id, enqueuedAt);
  };
}
