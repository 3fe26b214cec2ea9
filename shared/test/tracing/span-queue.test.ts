import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "../../src/core/tracer.ts";
import { spanQueue, type DropReason, type SpanQueueOptions } from "../../src/tracing/span-queue.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const spanNamed = (name: string): Span => ({
  name,
  kind: "internal",
  context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
  parentSpanId: undefined,
  startedAt: 1,
  endedAt: 2,
  attributes: {},
  errorType: undefined,
});

const letters = (text: string) => text.split("");

/** A queue of at most 8 spans, in batches of 3, whose batches wait for the test. */
function heldQueue(options: Partial<SpanQueueOptions> = {}) {
  const batches: (readonly string[])[] = [];
  const answers: ((accepted?: number) => void)[] = [];
  const closings: AbortSignal[] = [];
  const dropped: Partial<Record<DropReason, number>> = {};
  const queue = spanQueue({
    scheduleDelayMs: 5000,
    maxQueueSize: 8,
    maxBatchSize: 3,
    send(spans, closing) {
      batches.push(spans.map(({ name }) => name));
      closings.push(closing);
      return new Promise((resolve) => answers.push((accepted = spans.length) => resolve(accepted)));
    },
    onDropped: (spans, reason) => void (dropped[reason] = (dropped[reason] ?? 0) + spans),
    ...options,
  });
  return {
    ...queue,
    batches,
    closings,
    dropped: () => dropped,
    addAll: (...spans: string[]) => spans.forEach((name) => queue.add(spanNamed(name))),
    /** Ends the export of the oldest batch. @param accepted Default: all its spans */
    async answer(accepted?: number) {
      answers.shift()?.(accepted);
      await nextTurn();
    },
  };
}

describe("spanQueue()", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("exports after the delay what has come by then, in one batch", () => {
    const { addAll, batches } = heldQueue();
    addAll("a");
    jest.advanceTimersByTime(4999);
    addAll("b");
    expect(batches).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(batches).toEqual([["a", "b"]]);
  });

  test("exports a whole batch at once, and one batch at a time", async () => {
    const { addAll, answer, batches } = heldQueue();
    addAll("a", "b", "c", "d", "e", "f", "g");
    expect(batches).toEqual([["a", "b", "c"]]);
    await answer();
    expect(batches).toEqual([
      ["a", "b", "c"],
      ["d", "e", "f"],
    ]);
    await answer();
    expect(batches).toHaveLength(2);
    jest.advanceTimersByTime(5000);
    expect(batches[2]).toEqual(["g"]);
  });

  test("drops the newest spans when it is full, and counts them", async () => {
    const { addAll, answer, batches, dropped } = heldQueue();
    addAll(...letters("abcdefghijk"));
    expect(dropped()).toEqual({});
    addAll("x");
    expect(dropped()).toEqual({ "queue-full": 1 });
    for (let n = 0; n < 3; n += 1) await answer();
    jest.advanceTimersByTime(5000);
    expect(batches.flat().join("")).toBe("abcdefghijk");
  });

  test("counts what the collector did not accept, and goes on", async () => {
    const { addAll, answer, batches, dropped } = heldQueue();
    addAll("a", "b", "c");
    await answer(1);
    expect(dropped()).toEqual({ "not-accepted": 2 });
    addAll("d", "e", "f");
    expect(batches[1]).toEqual(["d", "e", "f"]);
  });

  test("exports outside of the request that recorded the span, whose ids its log lines would carry", () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { addAll } = heldQueue({
      async send({ length }) {
        seen.push(request.getStore());
        return length;
      },
    });
    request.run("first", () => addAll("a"));
    jest.advanceTimersByTime(5000);
    request.run("second", () => addAll("b", "c", "d"));
    jest.advanceTimersByTime(5000);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});

describe("spanQueue() at the end", () => {
  test("exports what is left, after the batch that is on its way", async () => {
    const { addAll, answer, batches, close, closings, dropped } = heldQueue();
    addAll("a", "b", "c", "d", "e");
    const closed = close(60_000);
    expect(closings[0]?.aborted).toBe(true);
    await answer();
    await answer();
    await closed;
    expect(batches).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
    expect(dropped()).toEqual({});
  });

  test("gives up with the first batch that is not accepted, and counts the rest", async () => {
    const { addAll, answer, batches, close, dropped } = heldQueue();
    addAll(...letters("abcdefgh"));
    const closed = close(60_000);
    await answer(0);
    await answer(0);
    await closed;
    expect(batches).toHaveLength(2);
    expect(dropped()).toEqual({ "not-accepted": 6, shutdown: 2 });
  });

  test.each([5, 0, -1000])(
    "ends after %i ms although the collector hangs, and counts what it has not got",
    async (maxMs) => {
      const { addAll, close, dropped } = heldQueue();
      addAll("a", "b", "c", "d");
      await close(maxMs);
      expect(dropped()).toEqual({ shutdown: 4 });
    },
  );

  test("resolves at once if there is nothing to export", async () => {
    const { batches, close } = heldQueue();
    await close(60_000);
    expect(batches).toEqual([]);
  });
});
