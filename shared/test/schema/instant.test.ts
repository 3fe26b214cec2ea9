import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { creationRange, parseCreationRange, parseInstant } from "../../src/schema/instant.ts";

const noon = Date.parse("2026-01-31T12:00:00Z");

describe("parseInstant()", () => {
  test.each([
    ["2026-01-31T12:00:00Z", noon, noon],
    ["2026-01-31t12:00:00z", noon, noon],
    ["2026-01-31T12:00:00+00:00", noon, noon],
    ["2026-01-31T12:00:00-00:00", noon, noon],
    ["2026-01-31T14:30:00+02:30", noon, noon],
    ["2026-01-30T12:01:00-23:59", noon, noon],
    ["2026-01-31T12:00:00.5Z", noon + 500, noon + 500],
    ["2026-01-31T12:00:00.5000000Z", noon + 500, noon + 500],
    ["2026-01-31T12:00:00.0009Z", noon, noon + 1],
    ["2026-01-31T12:00:00.00000000000000000000000001Z", noon, noon + 1],
    [`2026-01-31T12:00:00.${"9".repeat(5000)}Z`, noon + 999, noon + 1000],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29), Date.UTC(2024, 1, 29)],
    ["1969-12-31T23:59:59.9999Z", -1, 0],
    ["0000-01-01T00:00:00Z", -62_167_219_200_000, -62_167_219_200_000],
    ["0099-01-01T00:00:00Z", -59_042_995_200_000, -59_042_995_200_000],
    ["9999-12-31T23:59:59.999Z", 253_402_300_799_999, 253_402_300_799_999],
    // Leap seconds are the first second of the next day, as in Unix time.
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1), Date.UTC(2017, 0, 1)],
    ["2016-12-31T15:59:60.25-08:00", Date.UTC(2017, 0, 1) + 250, Date.UTC(2017, 0, 1) + 250],
  ])("finds the milliseconds around %s", (text, floorMs, ceilMs) => {
    expect(parseInstant(text)).toEqual({ floorMs, ceilMs });
  });

  test.each([
    "",
    "now",
    "2026-01-31",
    "2026-01-31T12:00Z",
    "2026-01-31T12:00:00",
    "2026-01-31 12:00:00Z",
    "2026-01-31T12:00:00.Z",
    "2026-01-31T12:00:00,5Z",
    "2026-01-31T12:00:00 02:00",
    "2026-01-31T12:00:00+0200",
    "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00+02:60",
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:60:00Z",
    "2026-01-31T12:00:61Z",
    "2026-01-31T12:00:60Z",
    "2026-01-30T23:59:60Z",
    "2026-01-31T23:59:60+01:00",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "+2026-01-31T12:00:00Z",
    "12026-01-31T12:00:00Z",
    " 2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00Z\n",
    "２０２６-01-31T12:00:00Z",
  ])("refuses %p", (text) => {
    expect(parseInstant(text)).toBeUndefined();
    expect(Value.Check(creationRange.created_after, text)).toBe(false);
  });
});

test("parseCreationRange() includes no millisecond that is not strictly within the bounds", () => {
  const between = "2026-01-31T12:00:00.0005Z";
  expect(parseCreationRange({})).toEqual({});
  expect(parseCreationRange({ created_after: between })).toEqual({ createdAfter: noon });
  expect(parseCreationRange({ created_before: between })).toEqual({ createdBefore: noon + 1 });
});
