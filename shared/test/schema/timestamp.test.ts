import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { fromTimestamp, timestamp, toTimestamp } from "../../src/schema/timestamp.ts";

test.each([
  [0, "1970-01-01T00:00:00.000Z"],
  [1, "1970-01-01T00:00:00.001Z"],
  [1_769_860_800_000, "2026-01-31T12:00:00.000Z"],
  [1_709_251_199_999, "2024-02-29T23:59:59.999Z"],
])("%i ms after 1970 is written %s", (ms, expected) => {
  expect(toTimestamp(ms)).toBe(expected);
  expect(Value.Check(timestamp, expected)).toBe(true);
});

test("times sort as text as they do as numbers, and lose nothing", () => {
  const times = Array.from({ length: 1000 }, (_, n) => n ** 4 + n);
  const written = times.map(toTimestamp);
  expect(written).toEqual(written.toSorted());
  expect(written.map((text) => Date.parse(text))).toEqual(times);
});

test("a time is read as it was written, just now or before, once or again", () => {
  const times = [5, 5, 7, 5];
  const written = times.map(toTimestamp);
  expect(written.map((text) => Date.parse(text))).toEqual(times);
  expect(written.map(fromTimestamp)).toEqual(times);
  expect(times.map((time) => fromTimestamp(toTimestamp(time)))).toEqual(times);
});

test.each<unknown>([
  "2026-01-31T12:00:00Z",
  "2026-01-31T12:00:00.000+01:00",
  "2026-01-31",
  1_769_860_800_000,
  null,
])("%p is not how a time is written", (value) => {
  expect(Value.Check(timestamp, value)).toBe(false);
});
