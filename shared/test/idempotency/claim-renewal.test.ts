import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Claim } from "../../src/idempotency/claim.ts";
import { claimRenewal } from "../../src/idempotency/claim-renewal.ts";

const a = { key: "k", token: "a" };
const b = { key: "k", token: "b" };

/** Claims that are renewed once a second, and every renewal made. */
function recorded(outcome = Promise.resolve()) {
  const renewals: (readonly Claim[])[] = [];
  const renewal = claimRenewal((claims) => {
    renewals.push(claims);
    return outcome;
  }, 1000);
  return { renewal, renewals };
}

describe("claimRenewal()", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("renews all started claims together, until each is stopped", () => {
    const { renewal, renewals } = recorded();
    renewal.start(a);
    renewal.start(b);
    jest.advanceTimersByTime(1000);
    renewal.stop(a);
    jest.advanceTimersByTime(1000);
    expect(renewals).toEqual([[a, b], [b]]);
  });

  test("has no timer without a claim, and none that keeps the process alive", () => {
    const { renewal, renewals } = recorded();
    expect(jest.getTimerCount()).toBe(0);
    renewal.start(a);
    expect(jest.getTimerCount()).toBe(1);
    renewal.stop(a);
    renewal.stop(a);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(10_000);
    expect(renewals).toEqual([]);
  });

  test("renews outside of the request whose claim began it, whose trace and log it is no part of", () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const renewal = claimRenewal(async () => void seen.push(request.getStore()), 1000);
    request.run("first", () => renewal.start(a));
    jest.advanceTimersByTime(1000);
    renewal.stop(a);
    expect(seen).toEqual([undefined]);
  });

  test("goes on after a renewal that failed", async () => {
    const { renewal, renewals } = recorded(Promise.reject(new Error("busy")));
    renewal.start(a);
    jest.advanceTimersByTime(1000);
    await Promise.resolve();
    jest.advanceTimersByTime(1000);
    expect(renewals).toEqual([[a], [a]]);
  });
});
