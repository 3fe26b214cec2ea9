import { describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import { Sessions } from "../../src/postgres/sessions.ts";
import { addressOf } from "../../testing/postgres-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

/** Sessions that no statement of these tests opens, and how old their pool is. */
function idleSessions() {
  const clock = { ms: 0 };
  const sessions = new Sessions(addressOf("postgres://user:password@127.0.0.1:1/name"), {
    max: 1,
    statementTimeoutMs: 3250,
    observer: undefined,
    now: () => clock.ms,
  });
  return {
    sessions,
    clock,
    /** The pool that statements get now. */
    async pool(): Promise<SQL> {
      const [pool] = await sessions.runFirst((sql) => Promise.resolve([sql]), 1000);
      if (pool === undefined) throw new Error("A statement has lost its result");
      return pool;
    },
  };
}

const silent = () => new Promise<never>(() => undefined);

describe("runFirst()", () => {
  test("is busy if the wait for a session has left the statement no time, and keeps the pool", async () => {
    const { sessions, clock, pool } = idleSessions();
    clock.ms = 60_000;
    const before = await pool();
    const held = Promise.withResolvers<object[]>();
    const holding = sessions.run(
      () => held.promise,
      false,
      () => undefined,
    );
    const late = rejectionOf(sessions.runFirst(silent, 1000));
    clock.ms += 998;
    held.resolve([]);
    await holding;
    expect(await late).toMatchObject({ reason: "busy" });
    expect(await pool()).toBe(before);
    await sessions.close(true);
  });

  test("replaces the pool if the server was silent for the time of the statement", async () => {
    const { sessions, clock, pool } = idleSessions();
    clock.ms = 60_000;
    const before = await pool();
    expect(await rejectionOf(sessions.runFirst(silent, 250))).toMatchObject({
      reason: "unreachable",
    });
    expect(await pool()).not.toBe(before);
    await sessions.close(true);
  });
});
