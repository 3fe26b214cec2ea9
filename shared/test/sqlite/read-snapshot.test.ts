import { describe, expect, test } from "bun:test";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { migrations, notes, openNotes } from "./harness.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A storage and two other connections to its file, at the start of an event-loop turn. */
async function setUp() {
  const it = await openNotes();
  const { db, read } = it.storage;
  const other = it.connect();
  await nextTurn();
  return {
    ...it,
    ...it.storage,
    other,
    third: it.connect(),
    texts: () => read(() => notes(db)),
    addElsewhere: (text: string) => other.run("INSERT INTO note VALUES (?)", [text]),
  };
}

describe("ReadSnapshot", () => {
  test("shares a transaction between the reads of one event-loop turn", async () => {
    await using it = await setUp();
    let begun = 0;
    expect(it.db.inTransaction).toBe(false);
    for (let n = 0; n < 10; n += 1) {
      if (!it.db.inTransaction) begun += 1;
      await it.texts();
    }
    expect(begun).toBe(1);
    expect(it.db.inTransaction).toBe(true);
    await nextTurn();
    expect(it.db.inTransaction).toBe(false);
  });

  test("sees what other processes have committed before the read, in the same turn too", async () => {
    await using it = await setUp();
    const expected: string[] = [];
    for (const text of ["a", "b", "c"]) {
      expect(await it.texts()).toEqual(expected);
      it.addElsewhere(text);
      expected.push(text);
      expect(await it.texts()).toEqual(expected);
    }
  });

  test("sees what was committed after SQLite has restarted the WAL", async () => {
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

  test("sees one state of the database within a read, whatever other processes commit", async () => {
    await using it = await setUp();
    const [before, after] = await it.read(() => {
      const first = notes(it.db);
      it.addElsewhere("meanwhile");
      return [first, notes(it.db)];
    });
    expect(after).toEqual(before);
    expect(await it.texts()).toEqual(["meanwhile"]);
  });

  test("sees a write of this process once it is committed, and not before", async () => {
    await using it = await setUp();
    for (const text of ["a", "b", "c"]) {
      expect(await it.texts()).not.toContain(text);
      const written = it.add(text);
      expect(await it.texts()).not.toContain(text);
      await written;
      expect(await it.texts()).toContain(text);
    }
  });

  test("reads on after a read that throws", async () => {
    await using it = await setUp();
    await it.texts();
    const failure = it.read(() => {
      throw new Error("failure");
    });
    expect((await rejectionOf(failure)).message).toBe("failure");
    expect(it.db.inTransaction).toBe(false);
    it.addElsewhere("since");
    expect(await it.texts()).toEqual(["since"]);
  });

  test("runs a read again that had to wait for a lock", async () => {
    await using it = await setUp();
    it.other.run("BEGIN IMMEDIATE");
    it.addElsewhere("freed");
    const found = it.read(() => {
      // Fails like a read while another process has locked the whole file.
      it.third.run("BEGIN IMMEDIATE");
      it.third.run("ROLLBACK");
      return notes(it.db);
    });
    expect(it.db.inTransaction).toBe(false);
    it.other.run("COMMIT");
    expect(await found).toEqual(["freed"]);
  });

  test("ends its transaction for a write that has waited for its lock", async () => {
    await using it = await setUp();
    for (let round = 0; round < 50; round += 1) {
      it.other.run("BEGIN IMMEDIATE");
      const written = it.add("waited");
      // This timer and the poll of the waiting write are both due in the next event-loop turn.
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

  test("lets the storage close while a transaction is open", async () => {
    const it = await setUp();
    await it.texts();
    await it.close();
    await nextTurn();
    await it[Symbol.asyncDispose]();
  });

  test("shows a commit to the next request, however busy the service is", async () => {
    await using it = await setUp();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async () => new Response((await it.texts()).at(-1) ?? ""),
    });
    const ask = async () => (await fetch(server.url)).text();

    let isOver = false;
    const clients = Array.from({ length: 32 }, async () => {
      while (!isOver) await ask();
    });
    for (let round = 1; round <= 300; round += 1) {
      it.addElsewhere(`round ${round}`);
      expect(await ask()).toBe(`round ${round}`);
    }
    isOver = true;
    await Promise.all(clients);
  });

  test("leaves SQLite its locks: another process does not truncate the WAL that is being read", async () => {
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
});
