import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { backupSqlite } from "../../src/sqlite/backup.ts";
import { connect, migrations, notes, rejection, startWriter, temporaryFolder } from "./harness.ts";

/** A database with one note in it, and room for a copy. */
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

/** The message of the refusal to make a backup, which must be one line. */
async function refusal(path: string, target: string, options = {}): Promise<string> {
  const error = await rejection(backupSqlite(path, target, options));
  expect(error.name).toBe("BackupError");
  expect(error.message).not.toContain("\n");
  return error.message;
}

test("a backup is a database with everything that was committed", async () => {
  using it = setUp();
  using live = connect(it.path);
  live.run("INSERT INTO note VALUES ('new')"); // still in the write-ahead log
  await backupSqlite(it.path, it.target);
  expect(it.files()).toEqual(["copy.db"]);
  using copy = connect(it.target);
  expect(notes(copy)).toEqual(["kept", "new"]);
});

test("a service can be run on its backup", async () => {
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

test("a backup of a busy service has each of its writes whole or not at all", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  using writer = await startWriter(path);
  await writer.tell("open");

  let isWriting = true;
  const done = writer.tell({ writes: 2000, callers: 4 }).then(() => (isWriting = false));
  for (let count = 1; isWriting; count += 1) {
    const target = join(folder.path, `copy-${count}.db`);
    await backupSqlite(path, target);
    using copy = connect(target);
    expect(copy.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    const texts = notes(copy);
    expect(texts.filter((text) => text === "left")).toHaveLength(texts.length / 2);
  }
  await done;
  await writer.tell("close");
}, 30_000);

test("a backup never replaces a file", async () => {
  using it = setUp();
  writeFileSync(it.target, "precious");
  expect(await refusal(it.path, it.target)).toBe(
    `Cannot back up "${it.path}" to "${it.target}": the target exists already; name a new file`,
  );
  expect(readFileSync(it.target, "utf8")).toBe("precious");
  expect(it.files()).toEqual(["copy.db"]);
});

test("of two backups to one name one is kept whole and the other refused", async () => {
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

test("a missing database is refused and not made", async () => {
  using it = setUp();
  expect(await refusal(`${it.path}.missing`, it.target)).toEndWith(
    "there is no database at this path",
  );
  expect(it.files()).toEqual([]);
});

test("a file that is no database is refused, with nothing left behind", async () => {
  using it = setUp();
  writeFileSync(it.path, "Dear reader");
  expect(await refusal(it.path, it.target)).toEndWith("file is not a database");
  expect(it.files()).toEqual([]);
});

test("a target in a folder that does not exist is refused", async () => {
  using it = setUp();
  expect(await refusal(it.path, join(it.target, "copy.db"))).toContain("ENOENT");
});

test("a database that stays locked is refused in time, with nothing left behind", async () => {
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

test("a backup can be read by nobody who cannot read the database", async () => {
  using it = setUp();
  chmodSync(it.path, 0o600);
  await backupSqlite(it.path, it.target);
  expect(statSync(it.target).mode & 0o777).toBe(0o600);
});
