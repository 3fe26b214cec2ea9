import { expect, test } from "bun:test";
import { join } from "node:path";
import { requestArrived } from "../src/arrivals.ts";
import { openSqlite } from "../src/sqlite.ts";
import { connect, migrations, notes, rejection, temporaryFolder } from "./sqlite-harness.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A storage and other connections to its file; no request has arrived. */
async function setUp() {
  await nextTurn();
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const storage = await openSqlite({ path, migrations });
  const other = connect(path);
  const third = connect(path);
  const { db } = storage;
  const insert = db.prepare<unknown, { text: string }>("INSERT INTO note (text) VALUES ($text)");
  return {
    ...storage,
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

test("requests that arrive together are read for in one transaction", async () => {
  await using it = await setUp();
  requestArrived();
  expect(await it.texts()).toEqual([]);
  expect(it.db.inTransaction).toBe(true);
  it.addElsewhere("later");
  requestArrived();
  expect(await it.texts()).toEqual([]);

  await nextTurn();
  expect(it.db.inTransaction).toBe(false);
  requestArrived();
  expect(await it.texts()).toEqual(["later"]);
});

test("a read for no new request sees what others have committed until then", async () => {
  await using it = await setUp();
  expect(await it.texts()).toEqual([]);
  expect(it.db.inTransaction).toBe(false);
  it.addElsewhere("news");
  expect(await it.texts()).toEqual(["news"]);
});

test("a read sees one state of the database, whatever others commit meanwhile", async () => {
  await using it = await setUp();
  const [before, after] = await it.read(() => {
    const first = notes(it.db);
    it.addElsewhere("meanwhile");
    return [first, notes(it.db)];
  });
  expect(after).toEqual(before);
});

test("who reads after a write sees it, in whichever turn", async () => {
  await using it = await setUp();
  for (const text of ["a", "b", "c"]) {
    requestArrived();
    expect(await it.texts()).not.toContain(text);
    const written = it.add(text);
    requestArrived();
    expect(await it.texts()).not.toContain(text);
    await written;
    requestArrived();
    expect(await it.texts()).toContain(text);
  }
});

test("a read that fails takes no other with it", async () => {
  await using it = await setUp();
  requestArrived();
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
  requestArrived();
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
      requestArrived();
      void it.texts();
      it.other.run("COMMIT");
    }, 3);
    await nextTurn();
    Bun.sleepSync(5);
    await written;
  }
  expect(await it.texts()).toBeArrayOfSize(50);
});

test("the storage can be closed while requests are read for", async () => {
  const it = await setUp();
  requestArrived();
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
    async fetch() {
      requestArrived();
      return new Response((await it.texts()).at(-1) ?? "");
    },
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
