import { describe, expect, test } from "bun:test";
import { keyClock } from "../../src/idempotency/key-clock.ts";

const hourMs = 3_600_000;
const now = 1_800_000_000_000;

describe("keyClock()", () => {
  /** Keys on a machine whose clock can be set, and which can sleep: then only `set` advances. */
  function machine() {
    const times = { set: now, elapsed: 7 };
    const keys = keyClock(() => times.set, { now: () => times.elapsed });
    const pass = (ms: number) => {
      times.set += ms;
      times.elapsed += ms;
    };
    return { keys, times, pass };
  }

  test("shows the system's time as long as its clock is not set", () => {
    const { keys, pass } = machine();
    pass(hourMs);
    expect([keys.claimedAt(), keys.judgedAt()]).toEqual([now + hourMs, now + hourMs]);
  });

  test.each([48, -48])("takes no key for older than it is while the clock is %i h off", (hours) => {
    const jump = hours * hourMs;
    const { keys, times, pass } = machine();
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

  test("takes no key for older than it is after the machine slept, nor after a restart since", () => {
    const { keys, times, pass } = machine();
    times.set += 48 * hourMs;
    const claimed = keys.claimedAt();
    pass(hourMs);
    expect(keys.judgedAt() - claimed).toBeLessThanOrEqual(hourMs);
    expect(keyClock(() => times.set).judgedAt() - claimed).toBeLessThanOrEqual(hourMs + 1);
  });

  test("returns whole milliseconds", () => {
    const keys = keyClock(() => now, { now: () => 0.3 + performance.now() });
    expect(Number.isInteger(keys.claimedAt()) && Number.isInteger(keys.judgedAt())).toBe(true);
  });
});
