import { expect, test } from "bun:test";
import { ownTurn } from "../src/own-turn.ts";

/** What was done, in the order of its doing. */
async function inOrder(steps: number): Promise<string[]> {
  const done: string[] = [];
  const long = Array.from({ length: steps }, async () => {
    await ownTurn();
    done.push("long");
  });
  const short = (async () => {
    for (let n = 0; n < steps; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      done.push("short");
    }
  })();
  await Promise.all([...long, short]);
  return done;
}

test("short work passes between pieces of long work that were asked for before", async () => {
  const done = await inOrder(10);
  expect(done.indexOf("short")).toBeLessThan(3);
  expect(done.slice(0, 10)).toContain("short");
  expect(done.slice(0, 10).filter((step) => step === "long").length).toBeLessThan(8);
});

test("long work is done in the order in which it was asked for, whoever fails", async () => {
  const done: number[] = [];
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(async (n) => {
      await ownTurn();
      done.push(n);
      if (n === 1) throw new Error("failed");
    }),
  );
  expect(done).toEqual([1, 2, 3]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});
