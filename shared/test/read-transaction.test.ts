import { expect, test } from "bun:test";
import { join } from "node:path";
import { openSqlite } from "../src/sqlite.ts";
import { connect, migrations, notes, rejection, temporaryFolder } from "./sqlite-harness.ts";

/** A storage and other connections to its file. */
async function setUp() {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const storage = await openSqlite({ path, migrations });
  const other = connect(path);
  const third = connect(path);
  const { db } = storage;
  return {
    ...storage,
    other,
    third,
    texts: () => storage.read(() => notes(db)),
    addElsewhere: (text: string) => other.run("INSERT INTO note VALUES (?)", [text]),
    async [Symbol.asyncDispose]() {
      await storage.close();
      other.close(true);
      third.close(true);
      folder[Symbol.dispose]();
    },
  };
}

test("a read sees what others have committed until then", async () => {
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

test("a read that fails takes no other with it", async () => {
  await using it = await setUp();
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
