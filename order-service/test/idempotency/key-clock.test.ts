import { describe, expect, test } from "bun:test";
import { keyClock } from "../../src/idempotency/key-clock.ts";

const hourMs = 3_600_000;
const now = 1_800_000_000_000;

describe("the clock of keys", () => {
  /** A clock that runs, can be set and be put to sleep, beside one that only counts. */
  function watch() {
    const times = { set: now, elapsed: 7 };
    const keys = keyClock(
      () => times.set,
      () => times.elapsed,
    );
    const pass = (ms: number) => {
      times.set += ms;
      times.elapsed += ms;
    };
    return { keys, times, pass };
  }

  test("is that of the system as long as nobody sets it", () => {
    const { keys, pass } = watch();
    pass(hourMs);
    expect([keys.claimedAt(), keys.judgedAt()]).toEqual([now + hourMs, now + hourMs]);
  });

  test.each([
    ["set forwards", 48 * hourMs],
    ["set back", -48 * hourMs],
  ])("takes no key for older than it is when the clock is %s, and set right again", (_, jump) => {
    const { keys, times, pass } = watch();
    const before = keys.claimedAt();
    times.set += jump;
    pass(hourMs);
    const during = keys.claimedAt();
    expect(keys.judgedAt() - before).toBeLessThanOrEqual(hourMs);
    times.set -= jump;
    pass(hourMs);
    expect(keys.judgedAt() - before).toBe(2 * hourMs);
    expect(keys.judgedAt() - during).toBeLessThanOrEqual(hourMs);
  });

  test("takes no key for older than it is after the machine slept, nor after a restart then", () => {
    const { keys, times, pass } = watch();
    times.set += 48 * hourMs;
    const claimed = keys.claimedAt();
    pass(hourMs);
    expect(keys.judgedAt() - claimed).toBeLessThanOrEqual(hourMs);
    expect(keyClock(() => times.set).judgedAt() - claimed).toBeLessThanOrEqual(hourMs + 1);
  });

  test("has whole milliseconds", () => {
    const keys = keyClock(
      () => now,
      () => 0.3 + performance.now(),
    );
    expect(Number.isInteger(keys.claimedAt()) && Number.isInteger(keys.judgedAt())).toBe(true);
  });
});
