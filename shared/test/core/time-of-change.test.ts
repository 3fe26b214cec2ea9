import { expect, test } from "bun:test";
import { timeOfChange } from "../../src/core/time-of-change.ts";

test.each([
  ["later", 1000, 2000, 2000],
  ["within the same millisecond", 1000, 1000, 1001],
  ["after the clock was set back", 1000, 10, 1001],
])("a change made %s gets a time after the one before", (_, previous, now, expected) => {
  expect(timeOfChange(previous, now)).toBe(expected);
});
