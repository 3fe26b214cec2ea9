import { describe, expect, test } from "bun:test";
import { retryWhileBusy } from "../../src/sqlite/lock.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryDatabase } from "./harness.ts";

/** Two connections to one database. */
function setUp() {
  const it = temporaryDatabase();
  return { ...it, db: it.connect(), other: it.connect() };
}

describe("retryWhileBusy()", () => {
  test("repeats the attempt until the lock is free", async () => {
    using it = setUp();
    it.other.run("BEGIN IMMEDIATE");
    let attempts = 0;
    const value = await retryWhileBusy(() => {
      attempts += 1;
      if (attempts === 3) it.other.run("COMMIT");
      it.db.run("BEGIN IMMEDIATE");
      it.db.run("COMMIT");
      return "done";
    });
    expect(value).toBe("done");
    expect(attempts).toBe(3);
  });

  test("rejects as `busy` after the timeout, and passes other errors on at once", async () => {
    using it = setUp();
    it.other.run("BEGIN IMMEDIATE");
    const late = await rejectionOf(retryWhileBusy(() => it.db.run("BEGIN IMMEDIATE"), 5));
    expect(late).toMatchObject({ name: "StorageUnavailable", reason: "busy" });
    const wrong = await rejectionOf(retryWhileBusy(() => it.db.run("SELECT nonsense")));
    expect(wrong).toMatchObject({ message: "no such column: nonsense" });
  });
});
