// Batches look-ups that come together, so that few calls are in flight.
import { AsyncLocalStorage } from "node:async_hooks";
import type { SpanContext } from "@platform/shared/core/tracer";
import { currentRequest } from "@platform/shared/telemetry/request-context";

/**
 * Looks a key up. Resolves with the result of the call that the key is part of, and rejects as the call
 * does; `queue-full` if no call could be started in time.
 *
 * @param enqueuedAt monotonic ms, from which the wait counts
 */
export type LoadKey<T> = (key: string, enqueuedAt: number) => Promise<T | "queue-full">;

interface CallBatcherOptions<T> {
  /** The most calls in flight. */
  readonly maxCalls: number;
  /** The most keys in a call. */
  readonly maxBatchSize: number;
  /** How long a key may wait for its call to start. */
  readonly maxWaitMs: number;
  /**
   * @param enqueuedAt of the batch's first key
   * @param links the recorded spans of the batch's other callers
   */
  call(keys: readonly string[], enqueuedAt: number, links: readonly SpanContext[]): Promise<T>;
}

interface QueuedKey<T> {
  readonly key: string;
  readonly enqueuedAt: number;
  readonly runInCallerContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  /** The caller's span; undefined if it is not recorded. */
  readonly span: SpanContext | undefined;
  readonly resolve: (result: Promise<T> | "queue-full") => void;
  timer?: Timer;
}

/**
 * Batches the keys of one event-loop turn, without duplicates. Beyond `maxCalls` in flight, keys queue
 * for the next batch. A batch runs in the async context of its first caller whose trace is recorded, or else
 * of its first caller.
 */
export function batchCalls<T>({
  maxCalls,
  maxBatchSize,
  maxWaitMs,
  call,
}: CallBatcherOptions<T>): LoadKey<T> {
  const queue = new Set<QueuedKey<T>>();
  let callsInFlight = 0;
  let isTurnOpen = false;

  function endCall(): void {
    callsInFlight -= 1;
    startCalls();
  }

  function startCalls(): void {
    while (callsInFlight < maxCalls) {
      const batch = [...queue.values().take(maxBatchSize)];
      const [first] = batch;
      if (first === undefined) return;
      const keys = new Set<string>();
      for (const queued of batch) {
        queue.delete(queued);
        clearTimeout(queued.timer);
        keys.add(queued.key);
      }
      callsInFlight += 1;
      const caller = batch.find(({ span }) => span !== undefined) ?? first;
      const links = new Set(batch.flatMap(({ span }) => span ?? []));
      if (caller.span !== undefined) links.delete(caller.span);
      const result = caller
        .runInCallerContext(call, [...keys], first.enqueuedAt, [...links])
        .finally(endCall);
      for (const { resolve } of batch) resolve(result);
    }
  }

  function endTurn(): void {
    isTurnOpen = false;
    startCalls();
    for (const queued of queue) {
      queued.timer ??= setTimeout(
        () => {
          queue.delete(queued);
          queued.resolve("queue-full");
        },
        Math.max(queued.enqueuedAt + maxWaitMs - performance.now(), 0),
      );
    }
  }

  return (key, enqueuedAt) => {
    const { promise, resolve } = Promise.withResolvers<T | "queue-full">();
    queue.add({
      key,
      enqueuedAt,
      resolve,
      runInCallerContext: AsyncLocalStorage.snapshot(),
      span: currentRequest.getStore()?.trace.span,
    });
    if (!isTurnOpen) setImmediate(endTurn);
    isTurnOpen = true;
    return promise;
  };
}
