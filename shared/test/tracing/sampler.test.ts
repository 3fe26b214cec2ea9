import { describe, expect, test } from "bun:test";
import { createSampler, samplerNames } from "../../src/tracing/sampler.ts";

const ids = Array.from({ length: 20_000 }, () => crypto.getRandomValues(new Uint8Array(16)));
const id = "0af7651916cd43dd8448eb211c80319c";

describe("createSampler()", () => {
  test.each([
    ["always_on", [true, true, true]],
    ["always_off", [false, false, false]],
    ["parentbased_always_on", [true, true, false]],
    ["parentbased_always_off", [false, true, false]],
    ["traceidratio", [false, false, false]],
    ["parentbased_traceidratio", [false, true, false]],
  ] as const)(
    "%s decides for a new trace, a recorded one of a caller, and one that it does not record",
    (name, expected) => {
      const isSampled = createSampler(name, 0);
      const decided = [undefined, true, false].map((parent) => isSampled(id, parent));
      expect(decided).toEqual([...expected]);
    },
  );

  test("has a case above for each name", () => expect(samplerNames).toHaveLength(6));

  test.each([0, 0.01, 0.5, 1])("records the part %p of all traces", (ratio) => {
    const isSampled = createSampler("traceidratio", ratio);
    const part = ids.filter((traceId) => isSampled(traceId, undefined)).length / ids.length;
    // Six times the standard deviation.
    const margin = 6 * Math.sqrt((ratio * (1 - ratio)) / ids.length);
    expect(Math.abs(part - ratio)).toBeLessThanOrEqual(margin);
  });

  test("records with a greater ratio every trace that a smaller one records", () => {
    const [few, many] = [0.1, 0.3].map((ratio) => createSampler("traceidratio", ratio));
    const torn = ids.filter((traceId) => few?.(traceId, undefined) && !many?.(traceId, undefined));
    expect(torn).toEqual([]);
  });

  test("decides for the id of a caller as the caller did when it made the id", () => {
    const isSampled = createSampler("traceidratio", 0.5);
    const torn = ids.filter((made) => {
      const followed = new Uint8Array([...made, ...crypto.getRandomValues(new Uint8Array(8))]);
      return isSampled(followed, undefined) !== isSampled(made.toHex(), false);
    });
    expect(torn).toEqual([]);
  });

  test("decides as OpenTelemetry's JavaScript SDK, so a trace through both is whole", () => {
    // The exclusive or of the four words: 0x80000000, the middle of all.
    const middle = "80000000" + "00000001".repeat(2) + "00000000";
    const decide = (ratio: number, traceId: string) =>
      createSampler("traceidratio", ratio)(traceId, undefined);
    expect(decide(0.5, middle)).toBe(false);
    expect(decide(0.5000001, middle)).toBe(true);
    expect(decide(0.5, "7fffffff" + "0".repeat(24))).toBe(true);
    expect(decide(0.99, "f".repeat(8) + "0".repeat(24))).toBe(false);
  });
});
