import { describe, expect, test } from "bun:test";
import { uuidSequence } from "../../src/core/uuid-sequence.ts";

/** The milliseconds since 1970 in a version 7 UUID (RFC 9562, 5.7). */
function timeIn(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

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
