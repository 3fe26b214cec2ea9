import { describe, expect, test } from "bun:test";
import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { watchCommits } from "../../src/sqlite/database-file.ts";
import { temporaryDatabase } from "./harness.ts";

/** A database with a table, and a function that tells whether it has changed. */
function setUp() {
  const it = temporaryDatabase();
  const db = it.connect();
  db.run("PRAGMA synchronous = OFF"); // faster; a commit changes the index all the same
  db.run("CREATE TABLE note (text TEXT)");
  const add = () => db.run("INSERT INTO note VALUES ('x')");
  return { ...it, db, hasChanged: watchCommits(it.path), add };
}

describe("watchCommits()", () => {
  test("reports every commit once, and a change at the first look", () => {
    using it = setUp();
    expect(it.hasChanged()).toBe(true);
    expect(it.hasChanged()).toBe(false);
    for (let n = 0; n < 1000; n += 1) {
      it.add();
      expect(it.hasChanged()).toBe(true);
      expect(it.hasChanged()).toBe(false);
    }
  });

  test("does not report writes that are not committed", () => {
    using it = setUp();
    it.hasChanged();
    it.db.run("BEGIN");
    it.add();
    expect(it.hasChanged()).toBe(false);
    it.db.run("ROLLBACK");
    expect(it.hasChanged()).toBe(false);
  });

  test("always reports a change if the index is truncated or of another version", () => {
    using it = setUp();
    const copy = join(it.folder, "copy.db");
    const index = `${copy}-shm`;
    writeFileSync(copy, "");
    copyFileSync(`${it.path}-shm`, index);
    const hasChanged = watchCommits(copy);
    hasChanged();
    expect(hasChanged()).toBe(false);

    truncateSync(index, 47);
    for (let n = 0; n < 3; n += 1) expect(hasChanged()).toBe(true);
    const later = new Uint32Array(12);
    later[0] = 3_008_000;
    writeFileSync(index, later);
    for (let n = 0; n < 3; n += 1) expect(hasChanged()).toBe(true);
  });
});
