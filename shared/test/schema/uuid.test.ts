import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { uuid, uuidSequence } from "../../src/schema/uuid.ts";

/** The milliseconds since 1970 in a version 7 UUID (RFC 9562, 5.7). */
function timeIn(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

describe("a UUID", () => {
  test.each([
    "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
    "01936F5E-8A3C-7C4E-9D2B-6F1A0E5C7B42",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "00000000-0000-0000-0000-000000000000",
  ])("may be %s", (id) => {
    expect(Value.Check(uuid, id)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["without hyphens", "01936f5e8a3c7c4e9d2b6f1a0e5c7b42"],
    ["a URN", "urn:uuid:01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["in braces", "{01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42}"],
    ["too short", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b4"],
    ["with a letter beyond f", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b4g"],
    ["hyphenated elsewhere", "01936f5e8-a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["followed by a line feed", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42\n"],
    ["a number", 5],
    ["nothing", undefined],
  ])("is not %s", (_, id) => {
    expect(Value.Check(uuid, id)).toBe(false);
  });
});

describe("a sequence of identifiers", () => {
  test("makes UUIDs of version 7 that carry the time that it tells", () => {
    const next = uuidSequence(() => 1_800_000_000_000);
    const { id, time } = next();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(timeIn(id)).toBe(time);
    expect(time).toBe(1_800_000_000_000);
  });

  test("sorts in the order of making, in one millisecond and over many", () => {
    const clock = { ms: 1_800_000_000_000 };
    const next = uuidSequence(() => clock.ms);
    const ids = Array.from({ length: 5000 }, (_, n) => {
      if (n % 1000 === 0) clock.ms += 1;
      return next().id;
    });
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("goes on from its latest time where the clock is set back", () => {
    const clock = { ms: 1_800_000_000_000 };
    const next = uuidSequence(() => clock.ms);
    const before = next();
    clock.ms -= 3_600_000;
    const during = next();
    clock.ms += 3_600_001;
    const after = next();
    expect([before.time, during.time, after.time].map((ms) => ms - before.time)).toEqual([0, 0, 1]);
    expect(before.id < during.id && during.id < after.id).toBe(true);
  });
});
