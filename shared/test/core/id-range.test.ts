import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { idRange, type IdRange } from "../../src/core/id-range.ts";
import { uuidSequence } from "../../src/core/uuid-sequence.ts";
import { uuid } from "../../src/schema/uuid.ts";

const time = 1_800_000_000_000;
const idAt = (milliseconds: number) => uuidSequence(() => milliseconds)().id;
const has = ({ above, below }: IdRange, id: string) => id > above && id < below;

describe("idRange()", () => {
  test("has the identifiers that were made strictly between two times", () => {
    const range = idRange({ createdAfter: time - 1, createdBefore: time + 1 });
    for (const [at, isIn] of [
      [time - 1, false],
      [time, true],
      [time + 1, false],
    ] as const) {
      for (let n = 0; n < 100; n += 1) expect(has(range, idAt(at))).toBe(isIn);
    }
  });

  test.each([
    [{}, true],
    [{ createdAfter: -62_167_219_200_000 }, true],
    [{ createdAfter: -1 }, true],
    [{ createdBefore: -1 }, false],
    [{ createdBefore: 253_402_300_800_000 }, true],
    [{ createdAfter: 253_402_300_799_999 }, false],
    [{ createdAfter: time, createdBefore: time }, false],
    [{ createdAfter: time + 5, createdBefore: time - 5 }, false],
  ])("with the bounds %p has an identifier of today: %p", (range, isIn) => {
    expect(has(idRange(range), idAt(time))).toBe(isIn);
  });

  test("has bounds that are UUIDs, which a column of the type uuid demands", () => {
    const ranges = [{}, { createdAfter: -1, createdBefore: -1 }, { createdAfter: time }];
    for (const { above, below } of ranges.map((range) => idRange(range))) {
      expect([above, below].filter((bound) => Value.Check(uuid, bound))).toEqual([above, below]);
    }
  });

  test("starts behind an identifier in either direction, and never leaves the range", () => {
    const [early, middle, late] = [idAt(time - 10), idAt(time), idAt(time + 10)];
    const range = { createdAfter: time - 5, createdBefore: time + 5 };
    const forwards = (id: string) => idRange(range, { id, isDescending: false });
    const backwards = (id: string) => idRange(range, { id, isDescending: true });
    expect(has(forwards(early), middle)).toBe(true);
    expect(has(forwards(early), early)).toBe(false);
    expect(has(forwards(middle), middle)).toBe(false);
    expect(has(backwards(late), middle)).toBe(true);
    expect(has(backwards(late), late)).toBe(false);
    expect(has(backwards(middle), middle)).toBe(false);
  });
});
