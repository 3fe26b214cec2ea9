import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { retryWhileBusy } from "../../src/sqlite/lock.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { connect } from "./harness.ts";

/** Two connections to one database. */
function setUp() {
  using making = new DisposableStack();
  const path = join(making.use(temporaryFolder()).path, "test.db");
  const db = making.use(connect(path));
  const other = making.use(connect(path));
  const made = making.move();
  return { db, other, [Symbol.dispose]: () => made.dispose() };
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
