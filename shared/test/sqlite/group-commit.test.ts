import { describe, expect, mock, test } from "bun:test";
import { GroupCommit } from "../../src/sqlite/group-commit.ts";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { observerWith } from "../core/observer-with.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { migrations, notes, temporaryDatabase } from "./harness.ts";

/** A database with a GroupCommit, and another connection, which sees only what is committed. */
function setUp({ journalMode = "WAL", lockTimeoutMs = 5000 } = {}) {
  const it = temporaryDatabase();
  const [db, other] = [it.connect(journalMode), it.connect(journalMode)];
  for (const sql of migrations) db.run(sql);
  const insert = db.prepare<unknown, { text: string }>("INSERT INTO note (text) VALUES ($text)");

  const batches: number[] = [];
  const waiting = Promise.withResolvers<void>();
  const lockWaited = mock(() => waiting.resolve());
  const waits: number[] = [];
  const commitFailed = mock();
  let queueLength = () => 0;
  const commits = new GroupCommit(db, {
    lockTimeoutMs,
    endRead: () => undefined,
    observer: observerWith({
      waited: (seconds) => void waits.push(seconds),
      committed: (durationSeconds, writes) => {
        expect(durationSeconds).toBeGreaterThan(0);
        batches.push(writes);
      },
      commitFailed,
      lockWaited,
      watchQueue: (length) => void (queueLength = length),
    }),
  });
  return {
    ...it,
    db,
    other,
    commits,
    batches,
    lockWaited,
    waits,
    failures: () => commitFailed.mock.calls.flat(),
    queueLength: () => queueLength(),
    waiting: waiting.promise,
    add: (text: string) => insert.run({ text }),
    write: (text: string) => commits.write(() => insert.run({ text })),
  };
}

/** Lets the database grow by one page, in which a long text does not fit. */
function fillDisk(it: ReturnType<typeof setUp>): void {
  const found = it.db.query<{ page_count: number }, []>("PRAGMA page_count").get();
  it.db.run(`PRAGMA max_page_count = ${(found?.page_count ?? 0) + 1}`);
}
const longText = "x".repeat(100_000);

/** Makes `count` writes at once and returns their texts. */
async function writeMany(it: ReturnType<typeof setUp>, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, index) => `note ${index}`);
  await Promise.all(texts.map(it.write));
  return texts;
}

describe("GroupCommit", () => {
  test("resolves a write only after its transaction is committed", async () => {
    using it = setUp();
    const seenWithin: string[][] = [];
    const value = await it.commits.write(() => {
      it.add("one");
      seenWithin.push(notes(it.other));
      return "added";
    });
    expect(value).toBe("added");
    expect(seenWithin).toEqual([[]]);
    expect(notes(it.other)).toEqual(["one"]);
  });

  test("commits writes that arrive together in one transaction", async () => {
    using it = setUp();
    const texts = await writeMany(it, 20);
    expect(it.batches).toEqual([20]);
    expect(notes(it.other)).toEqual(texts);
  });

  test("commits a thousand writes in order, in batches of bounded size", async () => {
    using it = setUp();
    const texts = await writeMany(it, 1000);
    expect(Math.max(...it.batches)).toBeLessThanOrEqual(256);
    expect(it.batches.reduce((sum, writes) => sum + writes, 0)).toBe(1000);
    expect(notes(it.other)).toEqual(texts);
  });

  test("undoes a change that throws, and no other change of its batch", async () => {
    using it = setUp();
    const failure = new Error("failure");
    const [first, second, third] = await Promise.allSettled([
      it.write("first"),
      it.commits.write(() => {
        it.add("second");
        throw failure;
      }),
      it.write("third"),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second).toEqual({ status: "rejected", reason: failure });
    expect(third.status).toBe("fulfilled");
    expect(notes(it.other)).toEqual(["first", "third"]);
    expect(it.batches).toEqual([2]);
  });

  test("rejects a write that violates a constraint, and no other", async () => {
    using it = setUp();
    it.db.run("CREATE UNIQUE INDEX note_once ON note (text)");
    const outcomes = await Promise.allSettled(["a", "a", "b"].map(it.write));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(notes(it.other)).toEqual(["a", "b"]);
  });

  test("rejects an asynchronous change, whose end would be outside the transaction", async () => {
    using it = setUp();
    const asynchronous = async () => it.add("too late");
    // @ts-expect-error its type forbids it too
    const refused = rejectionOf(it.commits.write(asynchronous));
    const kept = it.write("in time");
    expect(await refused).toBeInstanceOf(TypeError);
    await kept;
    expect(notes(it.other)).toEqual(["in time"]);
  });

  test("rejects every write of a failed commit, and stores none", async () => {
    using it = setUp();
    it.db.run("PRAGMA foreign_keys = ON");
    it.db.run("CREATE TABLE owner (id INTEGER PRIMARY KEY)");
    it.db.run("CREATE TABLE pet (owner INTEGER REFERENCES owner DEFERRABLE INITIALLY DEFERRED)");
    const innocent = rejectionOf(it.write("innocent"));
    const orphan = rejectionOf(it.commits.write(() => it.db.run("INSERT INTO pet VALUES (1)")));
    expect(await innocent).toMatchObject({ code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    expect(await orphan).toMatchObject({ code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    expect(notes(it.other)).toEqual([]);
    expect(it.batches).toEqual([]);
    expect(it.failures()).toEqual(["other"]);

    await it.write("next");
    expect(notes(it.other)).toEqual(["next"]);
  });

  test("rejects writes as `full` while the disk is full, and accepts them when it has room", async () => {
    using it = setUp();
    fillDisk(it);
    const writes = ["short", longText].map(it.write);
    for (const error of await Promise.all(writes.map(rejectionOf))) {
      expect(error).toBeInstanceOf(StorageUnavailable);
      expect(error).toMatchObject({ reason: "full", message: "The storage is full" });
    }
    expect(notes(it.other)).toEqual([]);
    expect(it.failures()).toEqual(["full"]);

    it.db.run("PRAGMA max_page_count = 1000000");
    await it.write(longText);
    expect(notes(it.other)).toEqual([longText]);
  });

  test("rejects the writes after a change that hides the error of a full disk", async () => {
    using it = setUp();
    fillDisk(it);
    const careless = () => {
      try {
        it.add(longText);
      } catch {
        // hides it
      }
    };
    const outcomes = await Promise.allSettled([it.commits.write(careless), it.write("after")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(notes(it.other)).toEqual([]);
  });

  test("waits for another process's lock without blocking the event loop", async () => {
    using it = setUp();
    it.other.run("BEGIN IMMEDIATE");
    const first = it.write("first");
    await it.waiting;
    const joined = it.write("joined");
    expect(it.queueLength()).toBe(2);
    it.other.run("COMMIT");
    await Promise.all([first, joined]);
    expect(it.queueLength()).toBe(0);
    expect(it.waits).toHaveLength(2);
    expect(notes(it.other)).toEqual(["first", "joined"]);
    expect(it.lockWaited).toHaveBeenCalledTimes(1);
    expect(it.batches).toEqual([2]);
  });

  test("rejects a write as `busy` after the lock timeout, and commits the next one", async () => {
    using it = setUp({ lockTimeoutMs: 20 });
    it.other.run("BEGIN IMMEDIATE");
    const error = await rejectionOf(it.write("late"));
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(error).toMatchObject({ reason: "busy", message: "The storage is busy" });
    // The operator sees the wait, though nothing was committed and no commit has failed.
    expect(it.waits).toEqual([expect.any(Number)]);
    expect(it.waits[0]).toBeGreaterThanOrEqual(0.02);
    expect(it.failures()).toEqual([]);

    it.other.run("COMMIT");
    await it.write("next");
    expect(notes(it.other)).toEqual(["next"]);
  });

  test("commits once when a reader of another process holds the commit up", async () => {
    using it = setUp({ journalMode: "DELETE" });
    it.other.run("BEGIN");
    expect(notes(it.other)).toEqual([]);
    const write = it.write("one");
    await it.waiting;
    expect(it.db.inTransaction).toBe(false);
    it.other.run("COMMIT");
    await write;
    expect(notes(it.other)).toEqual(["one"]);
  });
});

describe("GroupCommit and the observer of single writes", () => {
  /** Writes at once that each succeed or throw. @returns what was said of each, in its order */
  async function settledWrites({ isLocked = false }, ...changes: (() => unknown)[]) {
    using it = temporaryDatabase();
    const db = it.connect();
    if (isLocked) it.connect().run("BEGIN IMMEDIATE");
    const settled: unknown[][] = [];
    const commits = new GroupCommit(db, {
      lockTimeoutMs: 0,
      endRead: () => undefined,
      observer: observerWith({
        writeQueued(system) {
          const said: unknown[] = [system];
          settled.push(said);
          return (...end) => void said.push(...end);
        },
      }),
    });
    await Promise.allSettled(changes.map((change) => commits.write(change)));
    return settled;
  }
  const succeed = () => 1;
  const failure = new Error("failure");
  const fail = () => {
    throw failure;
  };

  test("tells of each write when it is committed, and with how many", async () => {
    expect(await settledWrites({}, succeed)).toEqual([["sqlite", 1]]);
    const three = await settledWrites({}, succeed, succeed, succeed);
    expect(three).toEqual(Array(3).fill(["sqlite", 3]));
  });

  test("tells of a write that fails why, and of those beside it that they are committed", async () => {
    expect(await settledWrites({}, succeed, fail, succeed)).toEqual([
      ["sqlite", 2],
      ["sqlite", 0, failure],
      ["sqlite", 2],
    ]);
  });

  test("tells of a write that is rejected unwritten", async () => {
    const [end] = await settledWrites({ isLocked: true }, succeed);
    expect(end).toEqual(["sqlite", 0, expect.objectContaining({ reason: "busy" })]);
  });
});
