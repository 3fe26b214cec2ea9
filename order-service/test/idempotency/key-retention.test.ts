import { expect, test } from "bun:test";
import { keyRetention } from "../../src/idempotency/key-retention.ts";

const hourMs = 3_600_000;
const now = 1_800_000_000_000;

/** Nobody says that it is over. */
const { signal } = new AbortController();

/** A clock that shows the same time for ever. */
const clock = { claimedAt: () => now, judgedAt: () => now };

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
  await keyRetention(orders, { clock }).run(signal);
  expect(orders.kept()).toBe(3);
});

test.each([0, 1, 24, 25, 26, 1000])(
  "all of %i old keys are forgotten, a few at a time",
  async (count) => {
    const orders = ordersWithKeys(Array.from({ length: count }, (_, n) => 100 * hourMs + n));
    await keyRetention(orders, { clock }).run(signal);
    expect(orders.kept()).toBe(0);
    expect(orders.batches.length).toBeLessThanOrEqual(Math.floor(count / 25) + 1);
    expect(Math.max(...orders.batches)).toBeLessThanOrEqual(25);
  },
);

test("between two steps others have several times as long, yet each step comes soon", async () => {
  const orders = ordersWithKeys(Array.from({ length: 60 }, (_, n) => 100 * hourMs + n));
  const stepsMs = [10, 1000, 10];
  let ms = 0;
  const forgetKeys = (time: number, most: number) => {
    ms += stepsMs[orders.batches.length] ?? 0;
    return orders.forgetKeys(time, most);
  };
  const rests: number[] = [];
  const pause = (ms: number) => Promise.resolve(void rests.push(ms));
  await keyRetention({ forgetKeys }, { clock, elapsed: () => ms, pause }).run(signal);
  expect(rests).toEqual([40, 250]);
});

test("a service that ends does not wait until all old keys are forgotten", async () => {
  const orders = ordersWithKeys(Array.from({ length: 1000 }, (_, n) => 100 * hourMs + n));
  const stop = new AbortController();
  const pause = () => Promise.resolve(stop.abort());
  await keyRetention(orders, { clock, pause }).run(stop.signal);
  expect(orders.kept()).toBe(975);
});

test("keys are looked through often enough that none is kept for an hour too long", () => {
  expect(keyRetention(ordersWithKeys([])).intervalMs).toBeLessThanOrEqual(hourMs);
});
