import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import {
  migratedFrom,
  migrations,
  notes,
  notesIn,
  openNotes,
  reasonOf,
  temporaryDatabase,
} from "./harness.ts";

/** Why a path cannot be opened, from an error of one line that names it. */
function refusal(path: string, options: { create?: boolean; lockTimeoutMs?: number } = {}) {
  const start = `Cannot open the database "${path}": `;
  return reasonOf(openSqlite({ path, migrations, ...options }), "StorageOpenError", start);
}

/** Runs the rest of the scope as the user `nobody`: root may write every file. */
function asUserNobody(): Disposable {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return { [Symbol.dispose]: () => void (isRoot && process.seteuid?.(0)) };
}

describe("SqliteStorage", () => {
  test("has what was written after a restart, in a single file", async () => {
    using it = temporaryDatabase();
    const folder = join(it.folder, "made", "on", "demand");
    const path = join(folder, "test.db");
    const first = await openSqlite({ path, migrations });
    expect(first.migrated).toEqual(migratedFrom(0, 1));
    await first.write(() => first.db.run("INSERT INTO note VALUES ('kept')"));
    await first.close();
    expect(readdirSync(folder)).toEqual(["test.db"]);

    const second = await openSqlite({ path, migrations, create: false });
    expect(second.migrated).toEqual(migratedFrom(1, 1));
    expect(await second.read(() => notes(second.db))).toEqual(["kept"]);
    await second.close();
  });

  test("flushes each commit, enforces foreign keys and never waits within SQLite", async () => {
    await using it = await openNotes();
    const setting = (name: string) => it.storage.db.query(`PRAGMA ${name}`).values();
    expect(setting("journal_mode")).toEqual([["wal"]]);
    expect(setting("synchronous")).toEqual([[2]]);
    expect(setting("foreign_keys")).toEqual([[1]]);
    expect(setting("trusted_schema")).toEqual([[0]]);
    expect(setting("busy_timeout")).toEqual([[0]]);
  });

  test("throws for a missing parameter, and does not write NULL", async () => {
    await using it = await openNotes();
    const insert = it.storage.db.prepare("INSERT INTO note VALUES ($text)");
    const error = await rejectionOf(it.storage.write(() => insert.run({})));
    expect(error.message).toContain("Missing parameter");
  });

  test("read() and write() need no `this`", async () => {
    await using it = await openNotes();
    const { read, write, db } = it.storage;
    await write(() => db.run("INSERT INTO note VALUES ('one')"));
    expect(await read(() => notes(db))).toEqual(["one"]);
  });

  test("close() commits queued writes, rejects later calls, and may be called again", async () => {
    await using it = await openNotes();
    const accepted = it.add("accepted");
    const closed = Promise.all([it.storage.close(), it.storage.close()]);
    const refused = await rejectionOf(it.add("refused"));
    expect(refused).toEqual(new Error("Cannot write: the storage is closed"));
    await closed;
    expect(notesIn(it.path)).toEqual(["accepted"]);
    await accepted;
    expect((await rejectionOf(it.storage.ping())).message).toContain("closed");
  });

  test("close() does not wait for another process's lock", async () => {
    await using it = await openNotes();
    await it.add("one");
    const other = it.connect();
    other.run("BEGIN IMMEDIATE");
    await it.storage.close();
    other.run("COMMIT");
    expect(notes(other)).toEqual(["one"]);
  });

  test("ping() and write() reject while the database file is moved away", async () => {
    await using it = await openNotes();
    await it.storage.ping();
    renameSync(it.path, `${it.path}.away`);
    expect((await rejectionOf(it.storage.ping())).message).toBe("The storage is not where it was");
    const refused = await rejectionOf(it.add("lost"));
    expect(refused).toMatchObject({ name: "StorageUnavailable", reason: "gone" });
    renameSync(`${it.path}.away`, it.path);
    await it.storage.ping();
    await it.add("kept");
    await it.storage.close();
    expect(notesIn(it.path)).toEqual(["kept"]);
  });
});

describe("openSqlite()", () => {
  test("rejects a folder, a path below a file, and a folder that takes no file", async () => {
    using it = temporaryDatabase();
    expect(await refusal(it.folder)).toBe("it is a folder; name a file");
    writeFileSync(it.path, "");
    expect(await refusal(join(it.path, "test.db"))).toBe(
      `its folder cannot be made (there is a file of this name already: "${it.path}"); name another one`,
    );
    expect(await refusal("/proc/test.db")).toBe(
      "this user cannot open or make it; let it write the file and its folder",
    );
  });

  test("rejects a file that it may only read", async () => {
    await using it = await openNotes();
    await it.storage.close();
    chmodSync(it.path, 0o444);
    chmodSync(dirname(it.path), 0o555);
    using _ = asUserNobody();
    expect(await refusal(it.path)).toBe(
      "it cannot be written; let this user write the file and its folder",
    );
  });

  test("makes no missing file if `create` is false", async () => {
    using it = temporaryDatabase();
    expect(await refusal(it.path, { create: false })).toBe("there is no such file; check the path");
    expect(readdirSync(it.folder)).toEqual([]);
  });

  test("rejects a file of another kind, and does not change it", async () => {
    using it = temporaryDatabase();
    writeFileSync(it.path, "Dear reader");
    expect(await refusal(it.path)).toBe("it is not an SQLite database; name another file");
    expect(readFileSync(it.path, "utf8")).toBe("Dear reader");
  });

  test.each([
    // The schema follows the 100 bytes of the header.
    ["with a damaged schema", (bytes: Buffer) => bytes.fill(0xff, 100, 200)],
    ["that was truncated", (bytes: Buffer) => bytes.subarray(0, 8192)],
  ])("rejects a database %s", async (_, damage) => {
    await using it = await openNotes();
    await it.add("x".repeat(100_000));
    await it.storage.close();
    writeFileSync(it.path, damage(readFileSync(it.path)));
    expect(await refusal(it.path)).toBe("it is damaged; restore a backup");
  });

  test.each(["missing", "empty"])("loses nothing of a WAL whose database is %s", async (state) => {
    await using it = await openNotes();
    await it.add("kept");
    const saved = ["", "-wal"].map((suffix) => [suffix, readFileSync(it.path + suffix)] as const);
    await it.storage.close();
    for (const [suffix, bytes] of saved) writeFileSync(it.path + suffix, bytes);
    if (state === "empty") writeFileSync(it.path, "");
    else rmSync(it.path);
    expect(await refusal(it.path)).toBe(
      `it is missing or empty, but "${it.path}-wal" is not; ` +
        "put the database back, or move that file away",
    );
    for (const [suffix, bytes] of saved) writeFileSync(it.path + suffix, bytes);
    const restored = await openSqlite({ path: it.path, migrations });
    expect(await restored.read(() => notes(restored.db))).toEqual(["kept"]);
    await restored.close();
  });

  test("takes an empty file for a new database", async () => {
    using it = temporaryDatabase();
    writeFileSync(it.path, "");
    const storage = await openSqlite({ path: it.path, migrations });
    expect(storage.migrated).toEqual(migratedFrom(0, 1));
    await storage.close();
  });

  test("rejects a database that another process keeps locked", async () => {
    using it = temporaryDatabase();
    it.connect("DELETE").run("BEGIN EXCLUSIVE");
    expect(await refusal(it.path, { lockTimeoutMs: 10 })).toBe(
      "another process keeps it locked; stop that process or try again later",
    );
  });
});
