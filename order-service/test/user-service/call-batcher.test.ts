import { describe, expect, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import { batchCalls } from "../../src/user-service/call-batcher.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const maxWaitMs = 60_000;

/** A batcher with two calls in flight and three keys in a call, whose calls wait for the test. */
function heldCalls() {
  const calls: { keys: readonly string[]; end(error?: Error): void }[] = [];
  const loadAt = batchCalls<string>({
    maxCalls: 2,
    maxBatchSize: 3,
    maxWaitMs,
    call(keys) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      calls.push({ keys, end: (error) => (error ? reject(error) : resolve(keys.join(""))) });
      return promise;
    },
  });
  const load = (key: string) => loadAt(key, performance.now());
  /** Loads two keys in event-loop turns of their own, which takes up both calls. */
  async function loadTwoApart(): Promise<Promise<string>[]> {
    const results = [load("a")];
    await nextTurn();
    results.push(load("b"));
    await nextTurn();
    return results;
  }
  /** Ends all calls, also those that start because of it. */
  async function endAll(): Promise<void> {
    await nextTurn();
    for (let n = 0; n < calls.length; n += 1) {
      calls[n]?.end();
      await nextTurn();
    }
  }
  return {
    loadAt,
    calls,
    load,
    loadTwoApart,
    endAll,
    batches: () => calls.map(({ keys }) => keys),
  };
}

describe("batchCalls()", () => {
  test("starts a call in the turn that brings a key, although another is in flight", async () => {
    const { loadTwoApart, batches, endAll } = heldCalls();
    const results = await loadTwoApart();
    expect(batches()).toEqual([["a"], ["b"]]);
    await endAll();
    expect(await Promise.all(results)).toEqual(["a", "b"]);
  });

  test("makes one call for the keys of one turn, although more calls are allowed", async () => {
    const { load, batches, endAll } = heldCalls();
    const results = Promise.all(["a", "b"].map(load));
    await nextTurn();
    expect(batches()).toEqual([["a", "b"]]);
    await endAll();
    expect(await results).toEqual(["ab", "ab"]);
  });

  test("spreads too many keys over several calls, in their order and without duplicates", async () => {
    const { load, batches, endAll } = heldCalls();
    const results = Promise.all(["a", "b", "a", "c", "d"].map(load));
    await nextTurn();
    expect(batches()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    await endAll();
    expect(await results).toEqual(["ab", "ab", "ab", "cd", "cd"]);
  });

  test("batches the keys that arrive while no further call is allowed", async () => {
    const { load, loadTwoApart, batches, endAll } = heldCalls();
    const results = await loadTwoApart();
    results.push(...["c", "d", "c", "e"].map(load));
    await endAll();
    expect(batches()).toEqual([["a"], ["b"], ["c", "d"], ["e"]]);
    expect(await Promise.all(results)).toEqual(["a", "b", "cd", "cd", "cd", "e"]);
  });

  test("drops a key that waited too long, and delays no other", async () => {
    const { load, loadTwoApart, batches, endAll, loadAt } = heldCalls();
    const results = await loadTwoApart();
    expect(await loadAt("c", performance.now() - maxWaitMs)).toBe("queue-full");
    const last = load("d");
    await endAll();
    expect(batches()).toEqual([["a"], ["b"], ["d"]]);
    expect(await Promise.all([...results, last])).toEqual(["a", "b", "d"]);
  });

  test("rejects every caller of a failed call, and no other", async () => {
    const { load, loadTwoApart, calls, endAll } = heldCalls();
    const outcomes = Promise.allSettled(await loadTwoApart());
    const late = Promise.allSettled(["c", "d"].map(load));
    calls[0]?.end(new Error("failed"));
    await nextTurn();
    calls[2]?.end(new Error("failed too"));
    await endAll();
    const statuses = [...(await outcomes), ...(await late)].map(({ status }) => status);
    expect(statuses).toEqual(["rejected", "fulfilled", "rejected", "rejected"]);
  });

  test("runs a call in the async context of its first caller", async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const load = batchCalls<void>({
      maxCalls: 1,
      maxBatchSize: 2,
      maxWaitMs,
      async call() {
        seen.push(context.getStore());
      },
    });
    await Promise.all(
      ["first", "second", "third"].map((caller) =>
        context.run(caller, () => load(caller, performance.now())),
      ),
    );
    expect(seen).toEqual(["first", "third"]);
  });
});
