import { afterEach, describe, expect, jest, test } from "bun:test";
import { concurrencyLimiter } from "../../src/http/load-shedding.ts";

const request = () => ({ isAdmitted: false });

describe("concurrencyLimiter()", () => {
  test("admits no more requests than the maximum, and another after a release", () => {
    const limiter = concurrencyLimiter(2);
    const [one, two, three] = [request(), request(), request()];
    const admitted = [one, two, three].map((each) => limiter.acquire(each));
    expect(admitted).toEqual([true, true, false]);
    expect(limiter.inFlight).toBe(2);
    limiter.release(one);
    expect(limiter.acquire(three)).toBe(true);
    expect(limiter.inFlight).toBe(2);
  });

  test("ignores the release of a request that is not, or no longer, admitted", () => {
    const limiter = concurrencyLimiter(1);
    const [admitted, rejected] = [request(), request()];
    limiter.acquire(admitted);
    limiter.acquire(rejected);
    limiter.release(rejected);
    expect(limiter.inFlight).toBe(1);
    limiter.release(admitted);
    limiter.release(admitted);
    expect(limiter.inFlight).toBe(0);
  });
});

describe("concurrencyLimiter().paceRejection()", () => {
  afterEach(() => void jest.useRealTimers());

  /** Asks for so many rejections. @returns a count of those that may be sent so far */
  function rejecting(count: number): () => number {
    const limiter = concurrencyLimiter(1);
    let sent = 0;
    for (let n = 0; n < count; n += 1) {
      const delay = limiter.paceRejection();
      if (delay === undefined) sent += 1;
      else void delay.then(() => (sent += 1));
    }
    return () => sent;
  }

  async function advance(ms: number): Promise<void> {
    jest.advanceTimersByTime(ms);
    await Promise.resolve();
  }

  test("does not delay a few rejections", () => {
    expect(rejecting(10)()).toBe(10);
  });

  test("spreads many rejections over time, and delays none for long", async () => {
    jest.useFakeTimers();
    const sent = rejecting(500);
    const atOnce = sent();
    expect(atOnce).toBeLessThan(50);
    await advance(100);
    expect(sent()).toBeGreaterThan(atOnce);
    expect(sent()).toBeLessThan(300);
    await advance(400);
    expect(sent()).toBe(500);

    const all = rejecting(10_000);
    for (let n = 0; n < 300; n += 1) await advance(10);
    expect(all()).toBeGreaterThan(9000);
  });

  test("does not delay rejections after a rush, and stops its timer", async () => {
    jest.useFakeTimers();
    const limiter = concurrencyLimiter(1);
    while (limiter.paceRejection() === undefined);
    await advance(20);
    await advance(20);
    expect(limiter.paceRejection()).toBeUndefined();
    expect(jest.getTimerCount()).toBe(1);
    await advance(20);
    expect(jest.getTimerCount()).toBe(0);
  });
});
