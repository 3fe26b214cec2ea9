import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileFacts, watchCommits } from "../../src/sqlite/database-file.ts";
import { recordBackup } from "../../src/sqlite/last-backup.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
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

describe("fileFacts()", () => {
  test("has the sizes of the database and its WAL, what is free, and when it was backed up", async () => {
    using it = setUp();
    const facts = fileFacts(it.path);
    const sizes = await Promise.all([facts.databaseBytes(), facts.walBytes()]);
    expect(sizes).toEqual([statSync(it.path).size, statSync(`${it.path}-wal`).size]);
    for (let n = 0; n < 100; n += 1) it.add();
    expect(await facts.walBytes()).toBeGreaterThan(sizes[1]);
    const { bavail, blocks, bsize } = statfsSync(it.folder);
    expect(await facts.freeBytes()).toBeWithin(bavail * bsize * 0.5, blocks * bsize);

    expect(await facts.backedUpAt()).toBeUndefined();
    await recordBackup(it.path, new Date("2026-11-29T02:17:00.500Z"));
    expect(await facts.backedUpAt()).toBe(1_795_918_620.5);
    writeFileSync(`${it.path}.last-backup`, "never");
    expect(await facts.backedUpAt()).toBeUndefined();
  });

  test("rejects what cannot be read", async () => {
    using it = setUp();
    const facts = fileFacts(it.path);
    rmSync(it.folder, { recursive: true });
    const { databaseBytes, walBytes, freeBytes, backedUpAt } = facts;
    for (const read of [databaseBytes, walBytes, freeBytes, backedUpAt]) await rejectionOf(read());
  });

  test("finds the WAL and the last backup of a database behind a symbolic link", async () => {
    using it = setUp();
    const link = join(it.folder, "link.db");
    symlinkSync(it.path, link);
    expect(await recordBackup(link)).toBeUndefined();
    const facts = fileFacts(link);
    expect(await facts.walBytes()).toBe(statSync(`${it.path}-wal`).size);
    expect(await facts.backedUpAt()).toBe(await fileFacts(it.path).backedUpAt());
  });
});

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
