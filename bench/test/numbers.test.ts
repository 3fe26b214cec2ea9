import { expect, test } from "bun:test";
import { mask } from "../measure/responses.ts";
import { parseCores } from "../tools/host.ts";
import {
  count,
  median,
  medianInterval,
  range,
  rotated,
  shuffled,
  times,
} from "../tools/numbers.ts";

test.each([
  ["the middle, whatever the order", [9, 1, 100], 9],
  ["the mean of the two in the middle", [4, 1, 3, 100], 3.5],
  ["NaN of no numbers, so that a report has no figure for what was not measured", [], Number.NaN],
])("median() is %s", (_, values, expected) => {
  expect(median(values)).toBe(expected);
});

// The ranks are those of the tables for the sign test.
test.each([
  [5, [Number.NaN, Number.NaN]],
  [6, [1, 6]],
  [8, [1, 8]],
  [9, [2, 8]],
  [12, [3, 10]],
  [30, [10, 21]],
])("medianInterval() of %p numbers has the ends that hold 95 %", (n, expected) => {
  const numbers = Array.from({ length: n }, (_, index) => n - index);
  expect(medianInterval(numbers)).toEqual(expected as [number, number]);
});

test("shuffled() gives every order of the items, and none twice as often as another", () => {
  const orders = new Map<string, number>();
  for (let n = 0; n < 6000; n += 1) {
    const order = shuffled(["a", "b", "c"]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect([...orders.keys()].toSorted()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  // 1000 of each are expected; a fair shuffle leaves these bounds once in 10^10 runs.
  for (const times of orders.values()) expect(Math.abs(times - 1000)).toBeLessThan(250);
});

test("range() is the smallest and the largest", () => {
  expect(range([3, 1, 2])).toEqual([1, 3]);
});

test("rotated() lets each peer begin once in as many rounds as there are peers", () => {
  const peers = ["a", "b", "c"];
  expect([0, 1, 2, 3].map((round) => rotated(peers, round).join(""))).toEqual([
    "abc",
    "bca",
    "cab",
    "abc",
  ]);
});

test("count() and times() print as many digits as are measured, and a dash for no number", () => {
  expect([12_345.6, 123.4, 12.34, 0.1234, Number.NaN, Number.POSITIVE_INFINITY].map(count)).toEqual(
    ["12,346", "123", "12.3", "0.123", "–", "–"],
  );
  expect([0.714, 1.2, 5.24, 41.3, Number.NaN].map(times)).toEqual([
    "0.71 ×",
    "1.20 ×",
    "5.2 ×",
    "41 ×",
    "–",
  ]);
});

test("parseCores() reads ranges and single cores", () => {
  expect(parseCores("0-3,8,10-11\n")).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseCores("5")).toEqual([5]);
});

test("mask() replaces the ids and times that the run made, and keeps those of the seed", () => {
  const seeded = {
    id: "01900000-0000-7000-8000-000000000007",
    created_at: "2024-06-10T02:35:18.407Z",
    items: [{ sku: "KB-87", quantity: 2 }],
  };
  expect(mask(seeded)).toEqual(seeded);
  expect(
    mask({
      id: "01a203f0-71a1-769f-a364-2ee235df4628",
      updated_at: "2026-11-22T15:46:59.105Z",
      created_at: "2026-11-22 15:46:59",
    }),
  ).toEqual({ id: "an id", updated_at: "a time", created_at: "2026-11-22 15:46:59" });
});
