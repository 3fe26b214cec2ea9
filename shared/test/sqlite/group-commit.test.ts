import { expect, test } from "bun:test";
import { join } from "node:path";
import { GroupCommit } from "../../src/sqlite/group-commit.ts";
import { retryWhileBusy } from "../../src/sqlite/lock.ts";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { connect, migrations, notes, rejection, temporaryFolder } from "./harness.ts";

/** A database with a writer, and another connection, which sees only what is committed. */
function setUp({ journalMode = "WAL", lockTimeoutMs = 5000 } = {}) {
  const folder = temporaryFolder();
  const path = join(folder.path, "test.db");
  const db = connect(path, journalMode);
  for (const sql of migrations) db.run(sql);
  const other = connect(path, journalMode);
  const insert = db.prepare<unknown, { text: string }>("INSERT INTO note (text) VALUES ($text)");

  const batches: number[] = [];
  const waits: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const commits = new GroupCommit(db, {
    lockTimeoutMs,
    observer: {
      committed: (durationSeconds, writes) => {
        expect(durationSeconds).toBeGreaterThan(0);
        batches.push(writes);
      },
      lockWaited: () => {
        waits.push("waited");
        waiting.resolve();
      },
    },
  });
  return {
    db,
    other,
    commits,
    batches,
    waits,
    waiting: waiting.promise,
    add: (text: string) => insert.run({ text }),
    [Symbol.dispose]() {
      db.close();
      other.close();
      folder[Symbol.dispose]();
    },
  };
}

test("a write is answered only after the transaction that holds it is committed", async () => {
  using it = setUp();
  const seenWithin: string[][] = [];
  const answer = await it.commits.write(() => {
    it.add("one");
    seenWithin.push(notes(it.other));
    return "added";
  });
  expect(answer).toBe("added");
  expect(seenWithin).toEqual([[]]);
  expect(notes(it.other)).toEqual(["one"]);
});

test("writes that arrive together share one transaction", async () => {
  using it = setUp();
  const texts = Array.from({ length: 20 }, (_, index) => `note ${index}`);
  await Promise.all(texts.map((text) => it.commits.write(() => it.add(text))));
  expect(it.batches).toEqual([20]);
  expect(notes(it.other)).toEqual(texts);
});

test("a flood of writes is stored in order, in transactions of a bounded size", async () => {
  using it = setUp();
  const texts = Array.from({ length: 1000 }, (_, index) => `note ${index}`);
  await Promise.all(texts.map((text) => it.commits.write(() => it.add(text))));
  expect(Math.max(...it.batches)).toBeLessThanOrEqual(256);
  expect(it.batches.reduce((sum, writes) => sum + writes, 0)).toBe(1000);
  expect(notes(it.other)).toEqual(texts);
});

test("a write that fails leaves no trace and takes no other write with it", async () => {
  using it = setUp();
  const mishap = new Error("mishap");
  const [first, second, third] = await Promise.allSettled([
    it.commits.write(() => it.add("first")),
    it.commits.write(() => {
      it.add("second");
      throw mishap;
    }),
    it.commits.write(() => it.add("third")),
  ]);
  expect(first.status).toBe("fulfilled");
  expect(second).toEqual({ status: "rejected", reason: mishap });
  expect(third.status).toBe("fulfilled");
  expect(notes(it.other)).toEqual(["first", "third"]);
  expect(it.batches).toEqual([2]);
});

test("a statement that breaks a constraint fails its own write alone", async () => {
  using it = setUp();
  it.db.run("CREATE UNIQUE INDEX note_once ON note (text)");
  const answers = await Promise.allSettled(
    ["a", "a", "b"].map((text) => it.commits.write(() => it.add(text))),
  );
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(notes(it.other)).toEqual(["a", "b"]);
});

test("an asynchronous change is refused: its end would be outside the transaction", async () => {
  using it = setUp();
  const asynchronous = async () => it.add("too late");
  // @ts-expect-error the type refuses it as well
  const refused = rejection(it.commits.write(asynchronous));
  const kept = it.commits.write(() => it.add("in time"));
  expect(await refused).toBeInstanceOf(TypeError);
  await kept;
  expect(notes(it.other)).toEqual(["in time"]);
});

test("when a commit fails, none of its writes is stored or reported as stored", async () => {
  using it = setUp();
  it.db.run("PRAGMA foreign_keys = ON");
  it.db.run("CREATE TABLE owner (id INTEGER PRIMARY KEY)");
  it.db.run("CREATE TABLE pet (owner INTEGER REFERENCES owner DEFERRABLE INITIALLY DEFERRED)");
  const innocent = rejection(it.commits.write(() => it.add("innocent")));
  const orphan = rejection(it.commits.write(() => it.db.run("INSERT INTO pet VALUES (1)")));
  expect(await innocent).toMatchObject({ code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
  expect(await orphan).toMatchObject({ code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
  expect(notes(it.other)).toEqual([]);
  expect(it.batches).toEqual([]);

  await it.commits.write(() => it.add("next"));
  expect(notes(it.other)).toEqual(["next"]);
});

/** Lets the database grow by so little that a long text does not fit. */
function fillDisk(it: ReturnType<typeof setUp>): void {
  const { page_count } = it.db.query<{ page_count: number }, []>("PRAGMA page_count").get() ?? {
    page_count: 0,
  };
  it.db.run(`PRAGMA max_page_count = ${page_count + 1}`);
}
const longText = "x".repeat(100_000);

test("on a full disk writes are refused as such, and accepted when there is room", async () => {
  using it = setUp();
  fillDisk(it);
  const refused = await Promise.all([
    rejection(it.commits.write(() => it.add("short"))),
    rejection(it.commits.write(() => it.add(longText))),
  ]);
  for (const error of refused) {
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(error).toMatchObject({ reason: "full", message: "The storage is full" });
  }
  expect(notes(it.other)).toEqual([]);

  it.db.run("PRAGMA max_page_count = 1000000");
  await it.commits.write(() => it.add(longText));
  expect(notes(it.other)).toEqual([longText]);
});

test("a change that hides a full disk does not let the writes after it escape", async () => {
  using it = setUp();
  fillDisk(it);
  const careless = () => {
    try {
      it.add(longText);
    } catch {
      // as if nothing had happened
    }
  };
  const answers = await Promise.allSettled([
    it.commits.write(careless),
    it.commits.write(() => it.add("after")),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(notes(it.other)).toEqual([]);
});

test("a write waits for another's lock while the process goes on with other work", async () => {
  using it = setUp();
  it.other.run("BEGIN IMMEDIATE");
  const first = it.commits.write(() => it.add("first"));
  await it.waiting;
  const joined = it.commits.write(() => it.add("joined"));
  it.other.run("COMMIT");
  await Promise.all([first, joined]);
  expect(notes(it.other)).toEqual(["first", "joined"]);
  expect(it.waits).toEqual(["waited"]);
  expect(it.batches).toEqual([2]);
});

test("a write that waited too long is refused and changes nothing; the next succeeds", async () => {
  using it = setUp({ lockTimeoutMs: 20 });
  it.other.run("BEGIN IMMEDIATE");
  const error = await rejection(it.commits.write(() => it.add("late")));
  expect(error).toBeInstanceOf(StorageUnavailable);
  expect(error).toMatchObject({ reason: "busy", message: "The storage is busy" });

  it.other.run("COMMIT");
  await it.commits.write(() => it.add("next"));
  expect(notes(it.other)).toEqual(["next"]);
});

test("a commit that must wait for a reader is made once, when that has finished", async () => {
  using it = setUp({ journalMode: "DELETE" });
  it.other.run("BEGIN");
  expect(notes(it.other)).toEqual([]);
  const write = it.commits.write(() => it.add("one"));
  await it.waiting;
  expect(it.db.inTransaction).toBe(false);
  it.other.run("COMMIT");
  await write;
  expect(notes(it.other)).toEqual(["one"]);
});

test("close() answers every write that was accepted and refuses those after it", async () => {
  using it = setUp();
  const accepted = it.commits.write(() => it.add("accepted"));
  const closed = it.commits.close();
  const refused = await rejection(it.commits.write(() => it.add("refused")));
  expect(refused).toEqual(new Error("Cannot write: the storage is closed"));
  await closed;
  expect(notes(it.other)).toEqual(["accepted"]);
  await accepted;
});

test("retryWhileBusy() asks again until the lock is free", async () => {
  using it = setUp();
  it.other.run("BEGIN IMMEDIATE");
  let asked = 0;
  const answer = await retryWhileBusy(() => {
    asked += 1;
    if (asked === 3) it.other.run("COMMIT");
    it.db.run("BEGIN IMMEDIATE");
    it.db.run("COMMIT");
    return "done";
  });
  expect(answer).toBe("done");
  expect(asked).toBe(3);
});

test("retryWhileBusy() gives up in time, and passes other errors on at once", async () => {
  using it = setUp();
  it.other.run("BEGIN IMMEDIATE");
  const late = await rejection(retryWhileBusy(() => it.db.run("BEGIN IMMEDIATE"), 5));
  expect(late).toMatchObject({ name: "StorageUnavailable", reason: "busy" });
  const wrong = await rejection(retryWhileBusy(() => it.db.run("SELECT nonsense")));
  expect(wrong).toMatchObject({ message: "no such column: nonsense" });
});
