import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { backupSqlite } from "../../src/sqlite/backup.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { connect, migrations, notes, startWriter } from "./harness.ts";

/** A database with one row, and a folder for copies. */
function setUp() {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  using db = connect(path);
  for (const sql of migrations) db.run(sql);
  db.run("INSERT INTO note VALUES ('kept')");
  return {
    path,
    target: join(folder.path, "copy.db"),
    files: () => readdirSync(folder.path).filter((name) => !name.startsWith("test.db")),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The message of a failed backup, which must be one line. */
async function refusal(path: string, target: string, options = {}): Promise<string> {
  const error = await rejectionOf(backupSqlite(path, target, options));
  expect(error.name).toBe("BackupError");
  expect(error.message).not.toContain("\n");
  return error.message;
}

describe("backupSqlite()", () => {
  test("copies everything that is committed, from the WAL too", async () => {
    using it = setUp();
    using live = connect(it.path);
    live.run("INSERT INTO note VALUES ('new')"); // still in the WAL
    await backupSqlite(it.path, it.target);
    expect(it.files()).toEqual(["copy.db"]);
    using copy = connect(it.target);
    expect(notes(copy)).toEqual(["kept", "new"]);
  });

  test("makes a file on which a service can run", async () => {
    using folder = temporaryFolder();
    const [path, target] = [join(folder.path, "test.db"), join(folder.path, "copy.db")];
    const storage = await openSqlite({ path, migrations });
    await storage.write(() => storage.db.run("INSERT INTO note VALUES ('kept')"));
    await backupSqlite(path, target);
    await storage.close();
    const restored = await openSqlite({ path: target, migrations, create: false });
    expect(restored.migrated).toEqual({ from: 1, to: 1, durationMs: expect.any(Number) });
    expect(notes(restored.db)).toEqual(["kept"]);
    await restored.close();
  });

  test("copies each transaction of a busy service completely or not at all", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "test.db");
    using writer = await startWriter(path);
    await writer.send("open");

    let isWriting = true;
    const done = writer.send({ writes: 2000, callers: 4 }).then(() => (isWriting = false));
    for (let count = 1; isWriting; count += 1) {
      const target = join(folder.path, `copy-${count}.db`);
      await backupSqlite(path, target);
      using copy = connect(target);
      expect(copy.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      const texts = notes(copy);
      expect(texts.filter((text) => text === "left")).toHaveLength(texts.length / 2);
    }
    await done;
    await writer.send("close");
  }, 30_000);

  test("never replaces a file", async () => {
    using it = setUp();
    writeFileSync(it.target, "precious");
    expect(await refusal(it.path, it.target)).toBe(
      `Cannot back up "${it.path}" to "${it.target}": the target exists already; name a new file`,
    );
    expect(readFileSync(it.target, "utf8")).toBe("precious");
    expect(it.files()).toEqual(["copy.db"]);
  });

  test("keeps one of two concurrent backups to one name, and rejects the other", async () => {
    using it = setUp();
    const outcomes = await Promise.allSettled([
      backupSqlite(it.path, it.target),
      backupSqlite(it.path, it.target),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(it.files()).toEqual(["copy.db"]);
    using copy = connect(it.target);
    expect(notes(copy)).toEqual(["kept"]);
  });

  test("rejects a missing database, and does not make it", async () => {
    using it = setUp();
    expect(await refusal(`${it.path}.missing`, it.target)).toEndWith(
      "there is no database at this path",
    );
    expect(it.files()).toEqual([]);
  });

  test("rejects a file that is no database, and leaves no file behind", async () => {
    using it = setUp();
    writeFileSync(it.path, "Dear reader");
    expect(await refusal(it.path, it.target)).toEndWith("file is not a database");
    expect(it.files()).toEqual([]);
  });

  test("rejects a target in a folder that does not exist", async () => {
    using it = setUp();
    expect(await refusal(it.path, join(it.target, "copy.db"))).toContain("ENOENT");
  });

  test("waits for a locked database until the timeout, then leaves no file behind", async () => {
    using it = setUp();
    using other = connect(it.path, "DELETE");
    other.run("BEGIN EXCLUSIVE");
    expect(await refusal(it.path, it.target, { lockTimeoutMs: 10 })).toEndWith(
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
