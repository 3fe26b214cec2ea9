import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { rotateBackups } from "../../src/sqlite/backup-rotation.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { notesIn, temporaryDatabase } from "./harness.ts";

const day = (n: number) => new Date(Date.UTC(2026, 10, n, 2));
const nameOf = (n: number) => `test-202611${String(n).padStart(2, "0")}T020000.000Z.db`;

/** A database and an empty folder for its backups. */
function setUp() {
  const it = temporaryDatabase();
  const backups = join(it.folder, "backups");
  mkdirSync(backups);
  const db = it.connect();
  db.run("CREATE TABLE note (text)");
  return {
    ...it,
    backups,
    db,
    files: () => readdirSync(backups).toSorted(),
    add: (name: string, age: Date = day(1)) => {
      writeFileSync(join(backups, name), "");
      utimesSync(join(backups, name), age, age);
    },
    rotate: (n: number, keep = 2) => rotateBackups(it.path, backups, { keep, now: day(n) }),
  };
}

describe("rotateBackups()", () => {
  test("keeps the newest backups, each with the rows of its time", async () => {
    using it = setUp();
    for (let n = 1; n <= 4; n += 1) {
      it.db.run("INSERT INTO note VALUES (?)", [String(n)]);
      expect(await it.rotate(n)).toEqual({
        made: join(it.backups, nameOf(n)),
        deleted: n <= 2 ? [] : [join(it.backups, nameOf(n - 2))],
        failure: undefined,
      });
    }
    expect(it.files()).toEqual([nameOf(3), nameOf(4)]);
    expect(notesIn(join(it.backups, nameOf(3)))).toEqual(["1", "2", "3"]);
  });

  test("keeps as few as one, also where it kept more before", async () => {
    using it = setUp();
    for (let n = 1; n <= 5; n += 1) await it.rotate(n, 5);
    expect(it.files()).toHaveLength(5);
    await it.rotate(6, 1);
    expect(it.files()).toEqual([nameOf(6)]);
  });

  test("deletes no file with a name of another form, and no folder", async () => {
    using it = setUp();
    const others = [
      "test.db",
      "test-before-upgrade.db",
      "test-20260101T020000.000Z.db.old",
      "my-test-20260101T020000.000Z.db",
      "test-20260101.db",
      "test-20260101T020000.000Z.db.0190a5f0.tmp",
      "other-20260101T020000.000Z.db",
      "testX20260101T020000.000Z.db",
    ];
    for (const name of others) it.add(name);
    mkdirSync(join(it.backups, "test-20260101T020000.000Z.db"));
    await it.rotate(30, 1);
    expect(it.files()).toEqual([...others, "test-20260101T020000.000Z.db", nameOf(30)].toSorted());
  });

  test("deletes nothing when the new backup fails", async () => {
    using it = setUp();
    for (let n = 1; n <= 3; n += 1) await it.rotate(n, 3);
    it.db.close();
    writeFileSync(it.path, "Dear reader");
    const error = await rejectionOf(it.rotate(4, 1));
    expect(error.name).toBe("BackupError");
    expect(it.files()).toEqual([nameOf(1), nameOf(2), nameOf(3)]);
  });

  test("keeps the new backup when the clock was set back", async () => {
    using it = setUp();
    for (const n of [20, 21, 1]) await it.rotate(n);
    expect(it.files()).toEqual([nameOf(1), nameOf(21)]);
  });

  test("deletes the temporary files of killed backups after a day, and counts none as a backup", async () => {
    using it = setUp();
    const old = `${nameOf(1)}.${crypto.randomUUID()}.tmp`;
    const recent = `${nameOf(3)}.${crypto.randomUUID()}.tmp`;
    it.add(old);
    it.add(`${old}-journal`);
    it.add(recent, day(3));
    await it.rotate(2);
    const { deleted } = await it.rotate(3);
    expect(deleted.toSorted()).toEqual(
      [old, `${old}-journal`].map((name) => join(it.backups, name)),
    );
    expect(it.files()).toEqual([nameOf(2), nameOf(3), recent].toSorted());
  });

  test("passes over the temporary files of backups that end while it looks at them", async () => {
    using it = setUp();
    const temporary = Array.from({ length: 500 }, () => `${nameOf(9)}.${crypto.randomUUID()}.tmp`);
    for (const name of temporary) it.add(name, day(9));
    let isOver = false;
    const rotating = it.rotate(10).finally(() => (isOver = true));
    while (!isOver && !it.files().includes(nameOf(10))) await setImmediate();
    // From the end, so that files are gone that were listed and not yet looked at.
    for (const name of it.files().toReversed()) {
      if (isOver) break;
      if (temporary.includes(name)) rmSync(join(it.backups, name));
      await setImmediate();
    }
    expect(await rotating).toMatchObject({ deleted: [], failure: undefined });
  });

  test("makes a folder that does not exist, and the folders above it", async () => {
    using it = setUp();
    const folder = join(it.backups, "a/b");
    const { made } = await rotateBackups(it.path, folder, { keep: 1, now: day(1) });
    expect(made).toBe(join(folder, nameOf(1)));
    expect(readdirSync(folder)).toEqual([nameOf(1)]);
  });

  test("makes no folder for a database that does not exist", async () => {
    using it = setUp();
    const folder = join(it.backups, "missing");
    const error = await rejectionOf(rotateBackups(`${it.path}.missing`, folder, { keep: 1 }));
    expect(error.name).toBe("BackupError");
    expect(it.files()).toEqual([]);
  });
});
