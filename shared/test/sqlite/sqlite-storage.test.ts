import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSqlite, parseSqliteUrl } from "../../src/sqlite/sqlite-storage.ts";
import { connect, migrations, notes, rejection, temporaryFolder } from "./harness.ts";

async function setUp() {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const storage = await openSqlite({ path, migrations });
  const insert = storage.db.prepare<unknown, { text: string }>(
    "INSERT INTO note (text) VALUES ($text)",
  );
  return {
    folder: folder.path,
    path,
    storage,
    add: (text: string) => insert.run({ text }),
    async [Symbol.asyncDispose]() {
      await storage.close();
      folder[Symbol.dispose]();
    },
  };
}

/** The message of the refusal to open a path, which must be one line that names it. */
async function refusal(path: string, options: { create?: boolean; lockTimeoutMs?: number } = {}) {
  const error = await rejection(openSqlite({ path, migrations, ...options }));
  expect(error.name).toBe("StorageOpenError");
  expect(error.message).toStartWith(`Cannot open the database "${path}": `);
  expect(error.message).not.toContain("\n");
  return error.message.slice(`Cannot open the database "${path}": `.length);
}

test("what was written is there after a restart, in a single file", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "made", "on", "demand", "test.db");
  const first = await openSqlite({ path, migrations });
  expect(first.migrated).toEqual({ from: 0, to: 1, durationMs: expect.any(Number) });
  await first.write(() => first.db.run("INSERT INTO note VALUES ('kept')"));
  await first.close();
  expect(readdirSync(join(folder.path, "made", "on", "demand"))).toEqual(["test.db"]);

  const second = await openSqlite({ path, migrations, create: false });
  expect(second.migrated).toEqual({ from: 1, to: 1, durationMs: expect.any(Number) });
  expect(await second.read(() => notes(second.db))).toEqual(["kept"]);
  await second.close();
});

test("each commit is on the disk when it is answered, and references are kept", async () => {
  await using it = await setUp();
  const setting = (name: string) =>
    Object.values(it.storage.db.query(`PRAGMA ${name}`).get() ?? {});
  expect(setting("journal_mode")).toEqual(["wal"]);
  expect(setting("synchronous")).toEqual([2]);
  expect(setting("foreign_keys")).toEqual([1]);
  expect(setting("trusted_schema")).toEqual([0]);
  expect(setting("busy_timeout")).toEqual([0]);
});

test("a missing parameter is an error and not NULL", async () => {
  await using it = await setUp();
  const insert = it.storage.db.prepare<unknown, { text?: string }>(
    "INSERT INTO note VALUES ($text)",
  );
  expect((await rejection(it.storage.write(() => insert.run({})))).message).toContain(
    "Missing parameter",
  );
});

test("read() and write() work without the storage they were taken from", async () => {
  await using it = await setUp();
  const { read, write, db } = it.storage;
  await write(() => it.add("one"));
  expect(await read(() => notes(db))).toEqual(["one"]);
});

test("close() keeps what was accepted, refuses the rest, and may be called again", async () => {
  await using it = await setUp();
  const accepted = it.storage.write(() => it.add("accepted"));
  const closed = Promise.all([it.storage.close(), it.storage.close()]);
  expect((await rejection(it.storage.write(() => it.add("refused")))).message).toContain("closed");
  await closed;
  await accepted;
  using db = connect(it.path);
  expect(notes(db)).toEqual(["accepted"]);
});

test("close() does not wait for other processes on the file", async () => {
  await using it = await setUp();
  await it.storage.write(() => it.add("one"));
  using other = connect(it.path);
  other.run("BEGIN IMMEDIATE");
  await it.storage.close();
  other.run("COMMIT");
  expect(notes(other)).toEqual(["one"]);
});

test("a service whose database file is gone is not ready, and takes no write that would be lost", async () => {
  await using it = await setUp();
  await it.storage.ping();
  renameSync(it.path, `${it.path}.away`);
  expect((await rejection(it.storage.ping())).message).toBe("The storage is not where it was");
  const refused = await rejection(it.storage.write(() => it.add("lost")));
  expect(refused).toMatchObject({ name: "StorageUnavailable", reason: "gone" });
  renameSync(`${it.path}.away`, it.path);
  await it.storage.ping();
  await it.storage.write(() => it.add("kept"));
  await it.storage.close();
  using db = connect(it.path);
  expect(notes(db)).toEqual(["kept"]);
});

test("a storage that was closed does not count as ready", async () => {
  await using it = await setUp();
  await it.storage.close();
  expect((await rejection(it.storage.ping())).message).toContain("closed");
});

test("a folder is refused as a database", async () => {
  using folder = temporaryFolder();
  expect(await refusal(folder.path)).toBe("it is a folder; name a file");
});

test("a path below a file is refused", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "file"), "");
  expect(await refusal(join(folder.path, "file", "test.db"))).toStartWith(
    "its folder cannot be made (",
  );
});

test("a folder in which no file can be made is refused", async () => {
  expect(await refusal("/proc/test.db")).toBe(
    "this user cannot open or make it; let it write the file and its folder",
  );
});

test("a file that may only be read is refused", async () => {
  await using it = await setUp();
  await it.storage.close();
  chmodSync(it.path, 0o444);
  chmodSync(dirname(it.path), 0o555);
  using _ = asNobody();
  expect(await refusal(it.path)).toBe(
    "it cannot be written; let this user write the file and its folder",
  );
});

/** Gives up root's right to write everything, for the rest of the scope. */
function asNobody(): Disposable {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return { [Symbol.dispose]: () => void (isRoot && process.seteuid?.(0)) };
}

test("a missing file is not made unasked", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  expect(await refusal(path, { create: false })).toBe("there is no such file; check the path");
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a file of another kind is refused and left as it is", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "letter.txt");
  writeFileSync(path, "Dear reader");
  expect(await refusal(path)).toBe("it is not an SQLite database; name another file");
  expect(readFileSync(path, "utf8")).toBe("Dear reader");
});

test("a database with a damaged schema is refused", async () => {
  await using it = await setUp();
  await it.storage.close();
  const bytes = readFileSync(it.path);
  bytes.fill(0xff, 100, 200); // the first page has its table of contents after 100 bytes
  writeFileSync(it.path, bytes);
  expect(await refusal(it.path)).toBe("it is damaged; restore a backup");
});

test("a database that was cut short is refused", async () => {
  await using it = await setUp();
  await it.storage.write(() => it.add("x".repeat(100_000)));
  await it.storage.close();
  writeFileSync(it.path, readFileSync(it.path).subarray(0, 8192));
  expect(await refusal(it.path)).toBe("it is damaged; restore a backup");
});

test.each(["missing", "empty"])(
  "where the database is %s and its log is not, nothing is lost by a start",
  async (state) => {
    await using it = await setUp();
    await it.storage.write(() => it.add("kept"));
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
  },
);

test("an empty file is taken for a new database", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  writeFileSync(path, "");
  const storage = await openSqlite({ path, migrations });
  expect(storage.migrated).toEqual({ from: 0, to: 1, durationMs: expect.any(Number) });
  await storage.close();
});

test("a database that another process keeps to itself is refused after a while", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  using other = connect(path, "DELETE");
  other.run("BEGIN EXCLUSIVE");
  expect(await refusal(path, { lockTimeoutMs: 10 })).toBe(
    "another process keeps it locked; stop that process or try again later",
  );
});

test.each([
  ["sqlite:data/x.db", "data/x.db"],
  ["sqlite:x.db", "x.db"],
  ["sqlite:./x.db", "./x.db"],
  ["sqlite:/data/x.db", "/data/x.db"],
  ["sqlite:///data/x.db", "/data/x.db"],
  ["sqlite:/data/my orders.db", "/data/my orders.db"],
])("%s names the file %s", (url, path) => {
  expect(parseSqliteUrl(url)).toBe(path);
});

test.each([
  "",
  "sqlite:",
  "sqlite:/",
  "sqlite://",
  "sqlite:///",
  "sqlite:data/",
  "sqlite:..",
  "sqlite://host/x.db",
  "sqlite:////x.db",
  "sqlite::memory:",
  "sqlite:///:memory:",
  "sqlite:x.db?mode=memory",
  "sqlite:x.db#1",
  "sqlite:x%20y.db",
  "sqlite:x\n.db",
  " sqlite:x.db",
  "file:x.db",
  "data/x.db",
  "postgres://host/x",
])("%j is no database file", (url) => {
  expect(parseSqliteUrl(url)).toBeUndefined();
});
