import { describe, expect, test } from "bun:test";
import { tokenCache } from "../../src/auth/token-cache.ts";
import type { Caller } from "../../src/core/caller.ts";

const caller = (identity: string): Caller => ({
  identity,
  clientName: undefined,
  clientNameJson: undefined,
  scopes: new Set(),
  userId: undefined,
});

function startCache(options: Parameters<typeof tokenCache>[0] = {}) {
  const arrival = { startedAt: 0, startedAtUnixMs: Date.UTC(2026, 0, 1) };
  const { add, clear, find } = tokenCache(options);
  return {
    arrival,
    clear,
    add: (token: string, validMs = 3_600_000) =>
      add(token, caller(token), arrival.startedAt, arrival.startedAtUnixMs + validMs),
    find: (token: string) => find(token, arrival),
  };
}

describe("tokenCache()", () => {
  test("finds the caller of a token that was verified, and of no other", () => {
    const { add, find } = startCache();
    add("a");
    expect(find("a")?.identity).toBe("a");
    expect(find("A")).toBeUndefined();
    expect(find("aa")).toBeUndefined();
  });

  test("forgets a token after 60 s, so that a withdrawn right does not live on", () => {
    const { arrival, add, find } = startCache();
    add("a");
    arrival.startedAt += 59_999;
    expect(find("a")).toBeDefined();
    arrival.startedAt += 1;
    expect(find("a")).toBeUndefined();
  });

  test("forgets a token when it expires, also after the clock was set forward", () => {
    const { arrival, add, find } = startCache();
    add("a", 1000);
    arrival.startedAtUnixMs += 999;
    expect(find("a")).toBeDefined();
    arrival.startedAtUnixMs += 1;
    expect(find("a")).toBeUndefined();
  });

  test("keeps the newest tokens where there are too many", () => {
    const { add, find } = startCache({ maxTokens: 2 });
    for (const token of ["a", "b", "c"]) add(token);
    expect(["a", "b", "c"].map((token) => find(token) !== undefined)).toEqual([false, true, true]);
  });

  test("keeps no more than its length, so that large tokens do not fill the memory", () => {
    const { add, find } = startCache({ maxLength: 10 });
    add("aaaa");
    add("aaaa");
    add("bbbb");
    expect(find("aaaa")).toBeDefined();
    add("cccc");
    expect(["aaaa", "bbbb", "cccc"].map((token) => find(token) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("forgets everything when the keys change", () => {
    const { add, clear, find } = startCache({ maxLength: 4 });
    add("aaaa");
    clear();
    expect(find("aaaa")).toBeUndefined();
    add("bbbb");
    expect(find("bbbb")).toBeDefined();
  });
});
