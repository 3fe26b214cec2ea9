import { describe, expect, test } from "bun:test";
import { keepBlocked } from "../../src/copy/blocked-writes.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

const pause = () => Promise.resolve();

describe("keepBlocked()", () => {
  test("rejects as the check does that finds that services could write", async () => {
    const lost = new Error("The session was lost");
    const checks = [undefined, undefined, lost];
    const requireBlocked = async () => {
      const error = checks.shift();
      if (error !== undefined) throw error;
    };
    const { signal } = new AbortController();
    expect(await rejectionOf(keepBlocked({ requireBlocked }, signal, pause))).toBe(lost);
    expect(checks).toEqual([]);
  });

  test.each(["while it checks", "while it waits"])(
    "resolves if the operator ends it %s, which ends the session too",
    async (when) => {
      const stop = new AbortController();
      let checks = 0;
      const requireBlocked = async () => {
        checks += 1;
        stop.abort();
        throw new Error("The session was closed");
      };
      const wait = async () => {
        if (when === "while it waits") stop.abort();
      };
      await keepBlocked({ requireBlocked }, stop.signal, wait);
      expect(checks).toBe(when === "while it waits" ? 0 : 1);
    },
  );

  test("does not outlast the signal by its pause", async () => {
    const stop = new AbortController();
    const requireBlocked = () => Promise.reject(new Error("No check is due"));
    const kept = keepBlocked({ requireBlocked }, stop.signal);
    stop.abort();
    await kept;
  });
});
