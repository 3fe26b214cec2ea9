// Keeps finished spans until they are exported, as OpenTelemetry's batch span processor does
// (https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor).
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "../core/tracer.ts";

/**
 * Why spans were dropped: there was no room for them, the collector did not accept them, or the process ended
 * before it could export them.
 */
export const dropReasons = ["queue-full", "not-accepted", "shutdown"] as const;

/** One of these reasons. */
export type DropReason = (typeof dropReasons)[number];

/** The bounds of a queue, and what happens to its spans. */
export interface SpanQueueOptions {
  /** How long a span waits for others, in ms, unless there is a whole batch. */
  readonly scheduleDelayMs: number;
  /** Spans that wait; the newest beyond them are dropped. */
  readonly maxQueueSize: number;
  /** Spans of one request. */
  readonly maxBatchSize: number;
  /** Exports a batch. @returns how many spans were accepted; never rejects */
  send(spans: readonly Span[], closing: AbortSignal): Promise<number>;
  /** Called when spans were dropped. */
  onDropped(spans: number, reason: DropReason): void;
}

/** Makes a queue. One batch is on its way at a time. */
export function spanQueue({
  scheduleDelayMs,
  maxQueueSize,
  maxBatchSize,
  send,
  onDropped,
}: SpanQueueOptions) {
  const closing = new AbortController();
  // A timer runs in the context of the code that sets it: log lines of an export would carry the ids of
  // some request.
  const outsideOfRequests = AsyncLocalStorage.snapshot();
  let queue: Span[] = [];
  let timer: Timer | undefined;
  let exporting: Promise<unknown> | undefined;
  let sending = 0;

  /** Whether the collector accepted all spans of the next batch. */
  async function exportBatch(): Promise<boolean> {
    const batch = queue.splice(0, maxBatchSize);
    sending = batch.length;
    const rejected = sending - (await send(batch, closing.signal));
    sending = 0;
    if (rejected > 0) onDropped(rejected, "not-accepted");
    return rejected === 0;
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    exporting = exportBatch().finally(() => {
      exporting = undefined;
      schedule();
    });
  }

  function schedule(): void {
    if (exporting !== undefined || queue.length === 0 || closing.signal.aborted) return;
    if (queue.length >= maxBatchSize) start();
    else timer ??= setTimeout(start, scheduleDelayMs);
  }

  async function exportRest(): Promise<void> {
    await exporting;
    while (queue.length > 0 && (await exportBatch()));
  }

  return {
    /** Takes a span, if there is room. */
    add(span: Span): void {
      if (queue.length >= maxQueueSize) return onDropped(1, "queue-full");
      queue.push(span);
      if (exporting !== undefined) return;
      if (timer === undefined || queue.length >= maxBatchSize) outsideOfRequests(schedule);
    },
    /** Exports what is left, for as long as the collector accepts it, and within `maxMs`; never rejects. */
    async close(maxMs: number): Promise<void> {
      clearTimeout(timer);
      closing.abort();
      const late = Promise.withResolvers<void>();
      const deadline = setTimeout(late.resolve, Math.max(0, maxMs));
      await Promise.race([exportRest(), late.promise]);
      clearTimeout(deadline);
      const left = queue.length + sending;
      if (left > 0) onDropped(left, "shutdown");
      queue = [];
    },
  };
}
