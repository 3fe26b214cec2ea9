import { expect, test } from "bun:test";
import { join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { connect, migrations, notes, rejection, temporaryFolder } from "./harness.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A storage and other connections to its file, at the begin of a turn of the event loop. */
async function setUp() {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const storage = await openSqlite({ path, migrations });
  const other = connect(path);
  const third = connect(path);
  const { db } = storage;
  const insert = db.prepare<unknown, { text: string }>("INSERT INTO note (text) VALUES ($text)");
  await nextTurn();
  return {
    ...storage,
    path,
    other,
    third,
    texts: () => storage.read(() => notes(db)),
    add: (text: string) => storage.write(() => insert.run({ text })),
    addElsewhere: (text: string) => other.run("INSERT INTO note VALUES (?)", [text]),
    async [Symbol.asyncDispose]() {
      await storage.close();
      other.close(true);
      third.close(true);
      folder[Symbol.dispose]();
    },
  };
}

test("reads of one turn share a transaction, which ends with it", async () => {
  await using it = await setUp();
  let begun = 0;
  const { inTransaction } = it.db;
  expect(inTransaction).toBe(false);
  for (let n = 0; n < 10; n += 1) {
    if (!it.db.inTransaction) begun += 1;
    await it.texts();
  }
  expect(begun).toBe(1);
  expect(it.db.inTransaction).toBe(true);
  await nextTurn();
  expect(it.db.inTransaction).toBe(false);
});

test("a read sees what others have committed until then, in the same turn too", async () => {
  await using it = await setUp();
  const expected: string[] = [];
  for (const text of ["a", "b", "c"]) {
    expect(await it.texts()).toEqual(expected);
    it.addElsewhere(text);
    expected.push(text);
    expect(await it.texts()).toEqual(expected);
  }
});

test("a read sees what was committed when the log was emptied and began anew", async () => {
  await using it = await setUp();
  expect(await it.texts()).toEqual([]);
  await nextTurn();
  for (const text of ["a", "b"]) {
    it.addElsewhere(text);
    it.other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    expect(await it.texts()).toContain(text);
    await nextTurn();
  }
});

test("a read sees one state of the database, whatever others commit meanwhile", async () => {
  await using it = await setUp();
  const [before, after] = await it.read(() => {
    const first = notes(it.db);
    it.addElsewhere("meanwhile");
    return [first, notes(it.db)];
  });
  expect(after).toEqual(before);
  expect(await it.texts()).toEqual(["meanwhile"]);
});

test("who reads after a write sees it, in whichever turn", async () => {
  await using it = await setUp();
  for (const text of ["a", "b", "c"]) {
    expect(await it.texts()).not.toContain(text);
    const written = it.add(text);
    expect(await it.texts()).not.toContain(text);
    await written;
    expect(await it.texts()).toContain(text);
  }
});

test("a read that fails takes no other with it", async () => {
  await using it = await setUp();
  await it.texts();
  const failure = it.read(() => {
    throw new Error("a bug");
  });
  expect((await rejection(failure)).message).toBe("a bug");
  expect(it.db.inTransaction).toBe(false);
  it.addElsewhere("since");
  expect(await it.texts()).toEqual(["since"]);
});

test("a read that has to wait for a lock begins anew after it", async () => {
  await using it = await setUp();
  it.other.run("BEGIN IMMEDIATE");
  it.addElsewhere("freed");
  const found = it.read(() => {
    // Fails as a read does while all of the file is locked.
    it.third.run("BEGIN IMMEDIATE");
    it.third.run("ROLLBACK");
    return notes(it.db);
  });
  expect(it.db.inTransaction).toBe(false);
  it.other.run("COMMIT");
  expect(await found).toEqual(["freed"]);
});

test("a write that has waited for its lock is not held up by reads", async () => {
  await using it = await setUp();
  for (let round = 0; round < 50; round += 1) {
    it.other.run("BEGIN IMMEDIATE");
    const written = it.add("waited");
    // Both timers are due when the event loop looks at them next.
    setTimeout(() => {
      void it.texts();
      it.other.run("COMMIT");
    }, 3);
    await nextTurn();
    Bun.sleepSync(5);
    await written;
  }
  expect(await it.texts()).toBeArrayOfSize(50);
});

test("the storage can be closed while a transaction is shared", async () => {
  const it = await setUp();
  await it.texts();
  await it.close();
  await nextTurn();
  await it[Symbol.asyncDispose]();
});

test("whoever is told of a commit finds it in the next request, however busy the service is", async () => {
  await using it = await setUp();
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async () => new Response((await it.texts()).at(-1) ?? ""),
  });
  const ask = async () => (await fetch(server.url)).text();

  let isOver = false;
  const others = Array.from({ length: 32 }, async () => {
    while (!isOver) await ask();
  });
  for (let round = 1; round <= 300; round += 1) {
    it.addElsewhere(`round ${round}`);
    expect(await ask()).toBe(`round ${round}`);
  }
  isOver = true;
  await Promise.all(others);
});

test("watching the log takes no lock from SQLite: other processes do not empty what is being read", async () => {
  await using it = await setUp();
  const second = await openSqlite({ path: it.path, migrations });
  await second.read(() => notes(second.db));
  await second.close();
  await it.texts();
  await it.texts();
  const script = `
    const { Database } = require("bun:sqlite");
    const db = new Database(process.argv[1]);
    db.run("INSERT INTO note VALUES ('theirs')");
    process.exit(db.query("PRAGMA wal_checkpoint(TRUNCATE)").get().busy);`;
  const { exitCode } = Bun.spawnSync([process.execPath, "-e", script, it.path]);
  expect(exitCode).toBe(1);
  expect(await it.texts()).toEqual(["theirs"]);
});
