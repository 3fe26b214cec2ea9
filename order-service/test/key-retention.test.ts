import { expect, test } from "bun:test";
import { keyRetention } from "../src/key-retention.ts";

const hourMs = 3_600_000;
const now = 1_800_000_000_000;

/** Orders with keys of these ages, and how many were asked for at once. */
function ordersWithKeys(ages: readonly number[]) {
  let times = ages.map((age) => now - age);
  const batches: number[] = [];
  const forgetKeys = (time: number, most: number) => {
    batches.push(most);
    const forgotten = times.filter((created) => created < time).slice(0, most);
    times = times.filter((created) => !forgotten.includes(created));
    return Promise.resolve(forgotten.length);
  };
  return { forgetKeys, batches, kept: () => times.length };
}

test("a key is remembered for a day at the least, and not for two", async () => {
  const orders = ordersWithKeys([0, hourMs, 24 * hourMs, 48 * hourMs, 1000 * hourMs]);
  await keyRetention(orders, () => now).run();
  expect(orders.kept()).toBe(3);
});

test.each([0, 1, 99, 100, 101, 1000])(
  "all of %i old keys are forgotten, a few at a time",
  async (count) => {
    const orders = ordersWithKeys(Array.from({ length: count }, (_, n) => 100 * hourMs + n));
    await keyRetention(orders, () => now).run();
    expect(orders.kept()).toBe(0);
    expect(orders.batches.length).toBeLessThanOrEqual(Math.floor(count / 100) + 1);
    expect(Math.max(...orders.batches)).toBeLessThanOrEqual(100);
  },
);

test("keys are looked through often enough that none is kept for an hour too long", () => {
  expect(keyRetention(ordersWithKeys([])).everyMs).toBeLessThanOrEqual(hourMs);
});
