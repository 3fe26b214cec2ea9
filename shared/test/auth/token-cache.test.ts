import { describe, expect, test } from "bun:test";
import { tokenCache } from "../../src/auth/token-cache.ts";
import type { Caller } from "../../src/core/caller.ts";

const caller = (identity: string): Caller => ({
  identity,
  clientName: undefined,
  scopes: new Set(),
  userId: undefined,
});

function startCache(options: Parameters<typeof tokenCache>[0] = {}) {
  const clock = { wallMs: Date.UTC(2026, 0, 1), monotonicMs: 0 };
  const cache = tokenCache({
    wallClock: () => clock.wallMs,
    now: () => clock.monotonicMs,
    ...options,
  });
  const add = (token: string, validMs = 3_600_000) =>
    cache.add(token, caller(token), clock.wallMs + validMs);
  return { clock, cache, add };
}

describe("tokenCache()", () => {
  test("finds the caller of a token that was verified, and of no other", () => {
    const { cache, add } = startCache();
    add("a");
    expect(cache.find("a")?.identity).toBe("a");
    expect(cache.find("A")).toBeUndefined();
    expect(cache.find("aa")).toBeUndefined();
  });

  test("forgets a token after 60 s, so that a withdrawn right does not live on", () => {
    const { cache, clock, add } = startCache();
    add("a");
    clock.monotonicMs += 59_999;
    expect(cache.find("a")).toBeDefined();
    clock.monotonicMs += 1;
    expect(cache.find("a")).toBeUndefined();
  });

  test("forgets a token when it expires, also after the clock was set forward", () => {
    const { cache, clock, add } = startCache();
    add("a", 1000);
    clock.wallMs += 999;
    expect(cache.find("a")).toBeDefined();
    clock.wallMs += 1;
    expect(cache.find("a")).toBeUndefined();
  });

  test("keeps the newest tokens where there are too many", () => {
    const { cache, add } = startCache({ maxTokens: 2 });
    for (const token of ["a", "b", "c"]) add(token);
    expect(["a", "b", "c"].map((token) => cache.find(token) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("keeps no more than its length, so that large tokens do not fill the memory", () => {
    const { cache, add } = startCache({ maxLength: 10 });
    add("aaaa");
    add("aaaa");
    add("bbbb");
    expect(cache.find("aaaa")).toBeDefined();
    add("cccc");
    expect(["aaaa", "bbbb", "cccc"].map((token) => cache.find(token) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("forgets everything when the keys change", () => {
    const { cache, add } = startCache({ maxLength: 4 });
    add("aaaa");
    cache.clear();
    expect(cache.find("aaaa")).toBeUndefined();
    add("bbbb");
    expect(cache.find("bbbb")).toBeDefined();
  });
});
