import { expect, test } from "bun:test";
import { yieldToShortRequests } from "../../src/http/fair-scheduling.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Ten pieces of long work, and as many turns of short work: in the order of their doing. */
async function inOrder(pieceMs: number): Promise<string[]> {
  await nextTurn();
  const done: string[] = [];
  const long = Array.from({ length: 10 }, async () => {
    await nextTurn(); // as requests do, each begins by itself
    await yieldToShortRequests();
    Bun.sleepSync(pieceMs);
    done.push("long");
  });
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

test("short work passes between pieces of long work that were asked for before", async () => {
  const done = await inOrder(26);
  // Two pieces use up the first turn; each of the next has one.
  expect(done.indexOf("short")).toBeLessThanOrEqual(3);
  expect(done.lastIndexOf("long")).toBeGreaterThan(done.indexOf("short") + 6);
});

test("what takes less than its share of a turn does not wait", async () => {
  const done = await inOrder(0.1);
  expect(done.indexOf("short")).toBe(10);
});

test("what waits is done although more keeps coming", async () => {
  await nextTurn();
  const done: string[] = [];
  async function piece(name: string): Promise<void> {
    await nextTurn();
    await yieldToShortRequests();
    Bun.sleepSync(26);
    done.push(name);
  }
  const pieces = Array.from({ length: 6 }, () => piece("old"));
  for (let n = 0; n < 10; n += 1) {
    await nextTurn();
    pieces.push(piece("new"));
  }
  await Promise.all(pieces);
  expect(done.lastIndexOf("old")).toBeLessThan(12);
});

test("long work is done in the order in which it was asked for, whoever fails", async () => {
  const done: number[] = [];
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4, 5].map(async (n) => {
      await nextTurn();
      await yieldToShortRequests();
      Bun.sleepSync(26);
      done.push(n);
      if (n % 2 === 1) throw new Error("failed");
    }),
  );
  expect(done).toEqual([1, 2, 3, 4, 5]);
  expect(outcomes.map(({ status }) => status).slice(0, 2)).toEqual(["rejected", "fulfilled"]);
});
