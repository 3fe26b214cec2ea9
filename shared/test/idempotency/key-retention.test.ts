import { describe, expect, test } from "bun:test";
import { keyRetention } from "../../src/idempotency/key-retention.ts";

const hourMs = 3_600_000;

/** Never aborted: the service goes on. */
const { signal } = new AbortController();

/** Keys of these ages in ms, and how many each transaction was to delete at most. */
function keysOf(ages: readonly number[]) {
  let left = [...ages];
  const batches: number[] = [];
  const forgetKeys = (ageMs: number, max: number) => {
    batches.push(max);
    const forgotten = left.filter((age) => age > ageMs).slice(0, max);
    left = left.filter((age) => !forgotten.includes(age));
    return Promise.resolve(forgotten.length);
  };
  return { forgetKeys, batches, kept: () => left.length };
}

describe("keyRetention()", () => {
  test("keeps a key for at least a day, and not for two", async () => {
    const keys = keysOf([0, hourMs, 24 * hourMs, 48 * hourMs, 1000 * hourMs]);
    await keyRetention(keys).run(signal);
    expect(keys.kept()).toBe(3);
  });

  test.each([0, 1, 24, 25, 26, 1000])("deletes all of %i old keys, in batches", async (count) => {
    const keys = keysOf(Array.from({ length: count }, (_, n) => 100 * hourMs + n));
    await keyRetention(keys).run(signal);
    expect(keys.kept()).toBe(0);
    expect(keys.batches.length).toBeLessThanOrEqual(Math.floor(count / 25) + 1);
    expect(Math.max(...keys.batches)).toBeLessThanOrEqual(25);
  });

  test("leaves requests four times as long as a transaction took, and at most 250 ms", async () => {
    const keys = keysOf(Array.from({ length: 60 }, (_, n) => 100 * hourMs + n));
    const stepsMs = [10, 1000, 10];
    let ms = 0;
    const forgetKeys = (ageMs: number, max: number) => {
      ms += stepsMs[keys.batches.length] ?? 0;
      return keys.forgetKeys(ageMs, max);
    };
    const pauses: number[] = [];
    const pause = (ms: number) => Promise.resolve(void pauses.push(ms));
    await keyRetention({ forgetKeys }, { elapsed: () => ms, pause }).run(signal);
    expect(pauses).toEqual([40, 250]);
  });

  test("stops after the present transaction when the service ends", async () => {
    const keys = keysOf(Array.from({ length: 1000 }, (_, n) => 100 * hourMs + n));
    const stop = new AbortController();
    const pause = () => Promise.resolve(stop.abort());
    await keyRetention(keys, { pause }).run(stop.signal);
    expect(keys.kept()).toBe(975);
  });

  test("runs at least once an hour", () => {
    expect(keyRetention(keysOf([])).intervalMs).toBeLessThanOrEqual(hourMs);
  });
});
