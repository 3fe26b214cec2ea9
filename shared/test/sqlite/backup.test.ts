import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { backupSqlite } from "../../src/sqlite/backup.ts";
import {
  connect,
  migratedFrom,
  migrations,
  notes,
  notesIn,
  openNotes,
  reasonOf,
  startWriter,
  temporaryDatabase,
} from "./harness.ts";

/** A database with one row, and a folder for copies. */
function setUp() {
  const it = temporaryDatabase();
  using db = connect(it.path);
  for (const sql of migrations) db.run(sql);
  db.run("INSERT INTO note VALUES ('kept')");
  return {
    ...it,
    target: join(it.folder, "copy.db"),
    files: () => readdirSync(it.folder).filter((name) => !name.startsWith("test.db")),
  };
}

/** Why a backup fails, in one line. */
function refusal(path: string, target: string, options = {}): Promise<string> {
  const start = `Cannot back up "${path}" to "${target}": `;
  return reasonOf(backupSqlite(path, target, options), "BackupError", start);
}

describe("backupSqlite()", () => {
  test("copies everything that is committed, from the WAL too", async () => {
    using it = setUp();
    it.connect().run("INSERT INTO note VALUES ('new')"); // still in the WAL
    await backupSqlite(it.path, it.target);
    expect(it.files()).toEqual(["copy.db"]);
    expect(notesIn(it.target)).toEqual(["kept", "new"]);
  });

  test("makes a file on which a service can run", async () => {
    await using it = await openNotes();
    await it.add("kept");
    const target = join(it.folder, "copy.db");
    await backupSqlite(it.path, target);
    const restored = await openSqlite({ path: target, migrations, create: false });
    expect(restored.migrated).toEqual(migratedFrom(1, 1));
    expect(notes(restored.db)).toEqual(["kept"]);
    await restored.close();
  });

  test("copies each transaction of a busy service completely or not at all", async () => {
    using it = temporaryDatabase();
    using writer = await startWriter(it.path);
    await writer.send("open");

    let isWriting = true;
    const done = writer.send({ writes: 2000, callers: 4 }).then(() => (isWriting = false));
    for (let count = 1; isWriting; count += 1) {
      const target = join(it.folder, `copy-${count}.db`);
      await backupSqlite(it.path, target);
      using copy = connect(target);
      expect(copy.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      const texts = notes(copy);
      expect(texts.filter((text) => text === "left")).toHaveLength(texts.length / 2);
    }
    await done;
    await writer.send("close");
  });

  test("never replaces a file", async () => {
    using it = setUp();
    writeFileSync(it.target, "precious");
    const exists = "the target exists already; name a new file";
    expect(await refusal(it.path, it.target)).toBe(exists);
    expect(readFileSync(it.target, "utf8")).toBe("precious");
    expect(it.files()).toEqual(["copy.db"]);
  });

  test("keeps one of two concurrent backups to one name, and rejects the other", async () => {
    using it = setUp();
    const backup = () => backupSqlite(it.path, it.target);
    const outcomes = await Promise.allSettled([backup(), backup()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(it.files()).toEqual(["copy.db"]);
    expect(notesIn(it.target)).toEqual(["kept"]);
  });

  test("rejects a missing database, and does not make it", async () => {
    using it = setUp();
    const missing = `${it.path}.missing`;
    expect(await refusal(missing, it.target)).toBe(
      "there is no database at this path; check DATABASE_URL, or start the service, which makes one",
    );
    expect(it.files()).toEqual([]);
  });

  test("rejects a file that is no database, and leaves no file behind", async () => {
    using it = setUp();
    writeFileSync(it.path, "Dear reader");
    expect(await refusal(it.path, it.target)).toBe(
      "it is not an SQLite database; name another file",
    );
    expect(it.files()).toEqual([]);
  });

  test("makes the missing folders of the target", async () => {
    using it = setUp();
    await backupSqlite(it.path, join(it.target, "a/b/copy.db"));
    expect(notesIn(join(it.target, "a/b/copy.db"))).toEqual(["kept"]);
  });

  test("makes no folder for a database that does not exist", async () => {
    using it = setUp();
    await refusal(`${it.path}.missing`, join(it.target, "copy.db"));
    expect(it.files()).toEqual([]);
  });

  test.each([
    ["below a file", "file/copy.db", "there is a file of this name already"],
    ["with too long a name", `${"x".repeat(300)}.db`, "the path is too long"],
    ["in a circle of symbolic links", "circle/a/copy.db", "symbolic links lead in a circle"],
  ])("says in words that it cannot write a target %s", async (_, target, words) => {
    using it = setUp();
    const folder = dirname(it.target);
    writeFileSync(join(folder, "file"), "");
    symlinkSync("circle", join(folder, "circle"));
    const message = await refusal(it.path, join(folder, target));
    expect(message).toContain(words);
    expect(message).not.toMatch(/\bE[A-Z]{3,}\b|\.tmp/);
  });

  test("waits for a locked database until the timeout, then leaves no file behind", async () => {
    using it = setUp();
    const other = it.connect("DELETE");
    other.run("BEGIN EXCLUSIVE");
    expect(await refusal(it.path, it.target, { lockTimeoutMs: 10 })).toBe(
      "another process keeps it locked; stop that process or try again later",
    );
    expect(it.files()).toEqual([]);

    const waiting = backupSqlite(it.path, it.target);
    other.run("COMMIT");
    await waiting;
    expect(it.files()).toEqual(["copy.db"]);
  });

  test("gives the backup the mode of the database", async () => {
    using it = setUp();
    chmodSync(it.path, 0o600);
    await backupSqlite(it.path, it.target);
    expect(statSync(it.target).mode & 0o777).toBe(0o600);
  });
});
