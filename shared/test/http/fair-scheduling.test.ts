import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { yieldToShortRequests } from "../../src/http/fair-scheduling.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

// A clock that only longWork() moves, so that a busy machine changes nothing.
let nowMs = 0;
let clock: Disposable;
beforeEach(async () => {
  clock = spyOn(performance, "now").mockImplementation(() => nowMs);
  await nextTurn();
});
afterEach(() => clock[Symbol.dispose]());

/** Work that takes this long, as soon as it may begin. */
async function longWork(ms: number, done: () => void): Promise<void> {
  await nextTurn(); // as requests do, each begins by itself
  await yieldToShortRequests();
  nowMs += ms;
  done();
}

/** Ten pieces of long work, and as many turns of short work, in the order in which they are done. */
async function orderOf(pieceMs: number): Promise<string[]> {
  const done: string[] = [];
  const long = Array.from({ length: 10 }, () => longWork(pieceMs, () => done.push("long")));
  const short = (async () => {
    await nextTurn();
    for (let n = 0; n < 10; n += 1) {
      await nextTurn();
      done.push("short");
    }
  })();
  await Promise.all([...long, short]);
  return done;
}

describe("yieldToShortRequests()", () => {
  test("lets short work pass between pieces of long work that began before it", async () => {
    const done = await orderOf(26);
    // Two pieces use up the first turn; each of the next turns has one.
    expect(done.indexOf("short")).toBeLessThanOrEqual(3);
    expect(done.lastIndexOf("long")).toBeGreaterThan(done.indexOf("short") + 6);
  });

  test("does not delay work that takes less than its share of a turn", async () => {
    const done = await orderOf(0.1);
    expect(done.indexOf("short")).toBe(10);
  });

  test("finishes waiting work although more keeps arriving", async () => {
    const done: string[] = [];
    const piece = (name: string) => longWork(26, () => done.push(name));
    const pieces = Array.from({ length: 6 }, () => piece("old"));
    for (let n = 0; n < 10; n += 1) {
      await nextTurn();
      pieces.push(piece("new"));
    }
    await Promise.all(pieces);
    expect(done.lastIndexOf("old")).toBeLessThan(12);
  });

  test("does long work in the order of its arrival, also after a failure", async () => {
    const done: number[] = [];
    const results = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((n) =>
        longWork(26, () => {
          done.push(n);
          if (n % 2 === 1) throw new Error("failed");
        }),
      ),
    );
    expect(done).toEqual([1, 2, 3, 4, 5]);
    expect(results.map(({ status }) => status).slice(0, 2)).toEqual(["rejected", "fulfilled"]);
  });
});
