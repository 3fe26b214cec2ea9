import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { backupSqlite } from "../../src/sqlite/backup.ts";
import { restoreSqlite, type RestoreOptions } from "../../src/sqlite/restore.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import {
  connect,
  migratedFrom,
  migrations,
  notes,
  notesIn,
  reasonOf,
  startChild,
  temporaryDatabase,
} from "./harness.ts";

const options = { migrations, waitLocked: async () => undefined };

async function makeDatabase(path: string, text: string, history = migrations): Promise<void> {
  const storage = await openSqlite({ path, migrations: history });
  await storage.write(() => storage.db.run("INSERT INTO note (text) VALUES (?)", [text]));
  await storage.close();
}

/** A database with the row "before", and a backup with the row "restored". */
async function setUp() {
  const it = temporaryDatabase();
  const { folder, path } = it;
  const copy = join(folder, "copy.db");
  await makeDatabase(path, "restored");
  await backupSqlite(path, copy);
  rmSync(path);
  await makeDatabase(path, "before");
  return {
    ...it,
    copy,
    /** Returns the path of the old database. */
    restore: async (given: Partial<RestoreOptions> = {}) =>
      (await restoreSqlite(path, copy, { ...options, ...given })) ?? "",
    files: () =>
      readdirSync(folder)
        .filter((name) => name !== "copy.db")
        .toSorted(),
  };
}

/** The rows that a service finds in a file. */
async function textsIn(path: string): Promise<string[]> {
  const storage = await openSqlite({ path, migrations, create: false });
  const texts = notes(storage.db);
  await storage.close();
  return texts;
}

/** Why a restore fails, in one line; it must leave the folder of the database as it was. */
async function refusal(
  it: Awaited<ReturnType<typeof setUp>>,
  { path = it.path, copy = it.copy } = {},
): Promise<string> {
  const before = it.files();
  const start = `Cannot restore "${copy}" to "${path}": `;
  const reason = await reasonOf(restoreSqlite(path, copy, options), "RestoreError", start);
  expect(reason).not.toContain(".tmp");
  expect(it.files()).toEqual(before);
  return reason;
}

/** A process that has opened a database and locks it at the command "use". */
function startOpener(path: string) {
  const script = `
    const { Database } = require("bun:sqlite");
    const db = new Database(${JSON.stringify(path)});
    process.on("message", () => {
      let outcome = "used";
      try { db.run("PRAGMA journal_mode = WAL"); } catch (error) { outcome = error.message; }
      process.send(outcome);
    });
    process.send("opened");`;
  return startChild<"use", string>("-e", script);
}

describe("restoreSqlite()", () => {
  test("replaces the database, and keeps the old one beside it", async () => {
    using it = await setUp();
    const kept = await it.restore();
    expect(kept).toMatch(/\/test\.db\.before-restore-\d{8}T\d{6}\.\d{3}Z$/);
    expect(it.files()).toEqual(["test.db", basename(kept)]);
    expect(await textsIn(it.path)).toEqual(["restored"]);
    expect(await textsIn(kept)).toEqual(["before"]);
    expect(await textsIn(it.copy)).toEqual(["restored"]);
  });

  test("can be undone by restoring the database that it kept", async () => {
    using it = await setUp();
    const kept = await it.restore();
    await restoreSqlite(it.path, kept, options);
    expect(await textsIn(it.path)).toEqual(["before"]);
  });

  test("makes the database on a machine that has none yet", async () => {
    using it = await setUp();
    const path = join(it.folder, "new", "folder", "test.db");
    expect(await restoreSqlite(path, it.copy, options)).toBeUndefined();
    expect(readdirSync(join(path, ".."))).toEqual(["test.db"]);
    expect(await textsIn(path)).toEqual(["restored"]);
  });

  test("leaves a copy at its older version, which the next start migrates", async () => {
    using it = await setUp();
    const newer = [...migrations, "ALTER TABLE note ADD COLUMN at INTEGER;"];
    await it.restore({ migrations: newer });
    expect(await textsIn(it.path)).toEqual(["restored"]);
    const storage = await openSqlite({ path: it.path, migrations: newer });
    expect(storage.migrated).toEqual(migratedFrom(1, 2));
    await storage.close();
  });

  test("keeps in the old database what was committed right before a crash", async () => {
    using it = await setUp();
    const script = `
      const { Database } = require("bun:sqlite");
      globalThis.db = new Database(${JSON.stringify(it.path)});
      db.run("PRAGMA journal_mode = WAL");
      db.run("INSERT INTO note (text) VALUES ('last')");
      process.kill(process.pid, "SIGKILL");`;
    expect(Bun.spawnSync([process.execPath, "-e", script]).signalCode).toBe("SIGKILL");
    expect(it.files()).toContain("test.db-wal");
    const kept = await it.restore();
    expect(it.files()).toHaveLength(2);
    expect(await textsIn(it.path)).toEqual(["restored"]);
    expect(await textsIn(kept)).toEqual(["before", "last"]);
  });

  test.each([
    ["an overwritten header", (bytes: Buffer) => bytes.fill(0xa5, 0, 100)],
    ["a damaged schema", (bytes: Buffer) => bytes.fill(0xff, 100, 200)],
    ["half of its pages", (bytes: Buffer) => bytes.subarray(0, 8192)],
  ])("replaces a database with %s, and keeps it as it was", async (_, damage) => {
    using it = await setUp();
    const damaged = Buffer.from(damage(readFileSync(it.path)));
    writeFileSync(it.path, damaged);
    writeFileSync(`${it.path}-wal`, "left by a crash");
    const kept = await it.restore();
    expect(readFileSync(kept).subarray(0, 8192).equals(damaged.subarray(0, 8192))).toBe(true);
    expect(it.files()).not.toContain("test.db-wal");
    expect(await textsIn(it.path)).toEqual(["restored"]);
  });

  test("leaves the WAL of a service that already runs on the new database", async () => {
    using it = await setUp();
    // SQLite cannot remove the WAL of a damaged database.
    writeFileSync(it.path, readFileSync(it.path).fill(0xff, 100, 200));
    const runService = async () => {
      it.connect().run("INSERT INTO note (text) VALUES ('new')");
    };
    await it.restore({ waitLocked: runService });
    expect(it.files()).toContain("test.db-wal");
    expect(notesIn(it.path)).toEqual(["restored", "new"]);
  });

  test("keeps out a process that opened the old database, until it has timed out", async () => {
    using it = await setUp();
    using early = await startOpener(it.path);
    const tried: string[] = [];
    const waitLocked = async () => {
      for (let n = 0; n < 10; n += 1) tried.push(await early.send("use"));
    };
    await it.restore({ waitLocked });
    expect(tried).toEqual(Array.from({ length: 10 }, () => "database is locked"));
    expect(await early.send("use")).toBe("attempt to write a readonly database");
    expect(await textsIn(it.path)).toEqual(["restored"]);
  });

  test("removes the temporary files of killed restores, and no other file", async () => {
    using it = await setUp();
    const left = `${it.path}.${crypto.randomUUID()}.tmp`;
    for (const suffix of ["", "-journal", "-shm"]) writeFileSync(left + suffix, "");
    writeFileSync(`${it.path}.tmp`, "precious");
    await it.restore();
    const names = ["test.db", expect.stringContaining("before-restore"), "test.db.tmp"];
    expect(it.files()).toEqual(names);
  });

  test("gives the new database the mode of the old one", async () => {
    using it = await setUp();
    chmodSync(it.path, 0o640);
    await it.restore();
    expect(statSync(it.path).mode & 0o777).toBe(0o640);
  });

  test("makes a first database readable only for users that can read the copy", async () => {
    using it = await setUp();
    chmodSync(it.copy, 0o400);
    const path = join(it.folder, "new.db");
    await restoreSqlite(path, it.copy, options);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("replaces the database behind a symbolic link", async () => {
    using it = await setUp();
    const link = join(it.folder, "link.db");
    symlinkSync(it.path, link);
    const kept = await restoreSqlite(link, it.copy, options);
    expect(kept).toStartWith(`${it.path}.before-restore-`);
    expect(await textsIn(link)).toEqual(["restored"]);
  });

  test("rejects a copy that is missing, a folder or the database itself", async () => {
    using it = await setUp();
    const copy = `${it.copy}.missing`;
    expect(await refusal(it, { copy })).toBe("there is no such file; check the path");
    mkdirSync(copy);
    expect(await refusal(it, { copy })).toBe(`"${copy}" is not a file; name a file`);
    const same = `${it.copy}.same`;
    linkSync(it.path, same);
    for (const copy of [it.path, same]) {
      expect(await refusal(it, { copy })).toBe("it is the database itself; name a copy of it");
    }
  });

  test("rejects a copy that is no database of this service", async () => {
    using it = await setUp();
    const copy = join(it.folder, "other");
    writeFileSync(copy, "Dear reader");
    expect(await refusal(it, { copy })).toBe("it is not an SQLite database; name another copy");
    writeFileSync(copy, "");
    expect(await refusal(it, { copy })).toBe("it is no backup of this service; name another copy");
    connect(`${copy}.db`, "DELETE").run("CREATE TABLE cookie (id)");
    const others = await refusal(it, { copy: `${copy}.db` });
    expect(others).toStartWith("it is no backup of this service");
  });

  test("rejects a copy from a newer program or another service", async () => {
    using it = await setUp();
    const copy = join(it.folder, "other.db");
    await makeDatabase(copy, "new", [...migrations, "CREATE TABLE tag (id);"]);
    expect(await refusal(it, { copy })).toContain("it is at version 2 and this program knows 1");
    await makeDatabase(`${copy}.db`, "else", ["CREATE TABLE note (text);"]);
    expect(await refusal(it, { copy: `${copy}.db` })).toContain("was made by another program");
  });

  test.each([
    ["cut short", (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096)],
    ["cut within a page", (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ["overwritten in the middle", (bytes: Buffer) => bytes.fill(0xa5, 4096, 5096)],
    ["of zeros at its end", (bytes: Buffer) => bytes.fill(0, bytes.length - 4096)],
  ])("rejects a copy that is %s", async (_, damage) => {
    using it = await setUp();
    writeFileSync(it.copy, damage(readFileSync(it.copy)));
    expect(await refusal(it)).toMatch(/^it is damaged\b.*; name another copy$/);
  });

  test("rejects a copy with references to missing rows", async () => {
    using it = await setUp();
    const history = [
      "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT); " +
        "CREATE TABLE tag (note INTEGER REFERENCES note (id));",
    ];
    const copy = join(it.folder, "other.db");
    await makeDatabase(copy, "one", history);
    connect(copy, "DELETE").run("INSERT INTO tag VALUES (7)");
    const given = { ...options, migrations: history };
    const error = await rejectionOf(restoreSqlite(`${copy}.new`, copy, given));
    expect(error.message).toContain("a row of tag lacks its parent");
    expect(existsSync(`${copy}.new`)).toBe(false);
  });

  test("rejects the file of a running service, whose WAL is beside it", async () => {
    using it = await setUp();
    const copy = join(it.folder, "live.db");
    using live = connect(copy);
    live.run("CREATE TABLE note (text)");
    expect(await refusal(it, { copy })).toStartWith(`there is "${copy}-wal"; the copy is in use`);
  });

  test("replaces an empty database", async () => {
    using it = await setUp();
    writeFileSync(it.path, "");
    await it.restore();
    expect(await textsIn(it.path)).toEqual(["restored"]);
  });

  test("rejects a WAL without its database, and leaves it there", async () => {
    using it = await setUp();
    const path = join(it.folder, "new.db");
    writeFileSync(`${path}-wal`, "of another database");
    const advice = `there is "${path}-wal"; put its database back, or move it away`;
    expect(await refusal(it, { path })).toBe(advice);
    writeFileSync(path, "");
    expect(await refusal(it, { path })).toBe(advice);
  });
});
