import { describe, expect, mock, test } from "bun:test";
import type { SQL } from "bun";
import type { StorageObserver } from "../../src/core/storage.ts";
import { observerWith } from "../core/observer-with.ts";
import { hasPostgres } from "../../testing/postgres.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { ValueRefused } from "../../src/postgres/errors.ts";
import { serverPath } from "./server-path.ts";
import { temporaryPostgres } from "./temporary-postgres.ts";

const notes = "CREATE TABLE notes (id int PRIMARY KEY, text text NOT NULL)";
const migrations = [notes];

const selectOne = (sql: SQL) => sql<{ one: number }[]>`SELECT 1 AS one`;
const insertNote =
  (id: number, text = "a") =>
  (sql: SQL) =>
    sql<{ id: number }[]>`INSERT INTO notes (id, text) VALUES (${id}, ${text}) RETURNING id`;
const sleep = (seconds: number) => (sql: SQL) => sql<object[]>`SELECT pg_sleep(${seconds})`;

const unavailable = (reason: string) => ({ name: "StorageUnavailable", reason });

/** Ends all sessions of storages. */
const endSessions = (admin: SQL) => admin`
  SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;

/** Resolves once so many statements of a storage that begin so are under way. */
async function isRunning(admin: SQL, start: string, count = 1): Promise<void> {
  for (;;) {
    const found = await admin`
      SELECT 1
      FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state = 'active' AND query LIKE ${`${start}%`}`;
    if (found.length >= count) return;
  }
}

/** Holds a lock on a table until the function that it resolves with is called. */
async function lock(admin: SQL, table: string): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const done = admin.begin(async (transaction) => {
    await transaction.unsafe(`LOCK TABLE ${table}`);
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  return async () => {
    release.resolve();
    await done;
  };
}

/** A statement that fails with this SQLSTATE. */
const raise = (sqlState: string) => `DO $$ BEGIN RAISE SQLSTATE '${sqlState}'; END $$`;

describe.if(hasPostgres)("PostgresStorage", () => {
  test.concurrent("reads what it wrote, and says which constraint refused a value", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ migrations });
    expect(await storage.write(insertNote(1))).toEqual([{ id: 1 }]);
    const rows = await storage.read((sql) => sql<{ text: string }[]>`SELECT text FROM notes`);
    expect(rows).toEqual([{ text: "a" }]);
    const refused = await rejectionOf(storage.write(insertNote(1)));
    expect(refused).toMatchObject({ sqlState: "23505", constraint: "notes_pkey" });
    expect(await rejectionOf(storage.write(insertNote(2, "\0")))).toBeInstanceOf(ValueRefused);
  });

  test.concurrent("reports commits, and how many writes shared each", async () => {
    await using it = await temporaryPostgres();
    const committed = mock();
    const waited = mock();
    const observer = observerWith({ committed, waited });
    const storage = await it.open({ migrations, observer });
    await storage.write(insertNote(1), Array(7).fill(performance.now() - 60_000));
    expect(committed.mock.calls).toEqual([[expect.any(Number), 7]]);
    expect(waited.mock.calls.filter(([seconds]) => seconds >= 60)).toHaveLength(7);
  });

  test.concurrent("reports how long statements wait for a session, also in vain, and how many wait", async () => {
    await using it = await temporaryPostgres();
    const waited = mock();
    let queueLength = () => 0;
    const watchQueue = (length: () => number) => void (queueLength = length);
    const observer = observerWith({ waited, watchQueue });
    const storage = await it.open({ poolSize: 1, statementTimeoutMs: 3000, observer });
    const slow = storage.read(sleep(1.5));
    const late = [rejectionOf(storage.read(selectOne)), rejectionOf(storage.write(selectOne))];
    expect(queueLength()).toBe(2);
    expect(await Promise.all(late)).toMatchObject([{ reason: "busy" }, { reason: "busy" }]);
    expect(queueLength()).toBe(0);
    await slow;
    const waits = waited.mock.calls.map(([seconds]) => seconds);
    expect(waits).toHaveLength(3);
    expect(waits.filter((seconds) => seconds >= 0.7)).toHaveLength(2);
  });

  test.concurrent.each([
    ["ends the session", "SELECT pg_terminate_backend(pg_backend_pid())", ["interrupted"]],
    ["reports an error of its disk", raise("58030"), ["io"]],
    ["has no room", raise("53100"), ["full"]],
    ["finds its data damaged", raise("XX001"), ["damaged"]],
    ["has a bug", raise("XX000"), ["other"]],
    ["refuses a value", raise("23514"), []],
    ["makes the write wait for a lock in vain", raise("55P03"), []],
  ])("reports the write as failed, or not, if the server %s", async (_, text, reasons) => {
    await using it = await temporaryPostgres();
    const commitFailed = mock();
    const storage = await it.open({ migrations, observer: observerWith({ commitFailed }) });
    await rejectionOf(storage.write((sql) => sql.unsafe(text)));
    expect(commitFailed.mock.calls.flat()).toEqual(reasons);
  });

  test.concurrent("tells when a write of one caller is settled; a batch tells it of its own", async () => {
    await using it = await temporaryPostgres();
    const settled: unknown[][] = [];
    const observer = observerWith({
      writeQueued(system) {
        const said: unknown[] = [system];
        settled.push(said);
        return (...end) => void said.push(...end);
      },
    });
    const storage = await it.open({ migrations, observer });
    await storage.write(insertNote(1));
    await storage.write(insertNote(2), [performance.now()]);
    const refused = await rejectionOf(storage.write(insertNote(1)));
    expect(settled).toEqual([
      ["postgresql", 1],
      ["postgresql", 0, refused],
    ]);
    expect(storage.writeQueued).toBe(observer.writeQueued);
  });

  test.concurrent("counts sessions that are used, idle and waited for", async () => {
    await using it = await temporaryPostgres();
    const watchSessions = mock<StorageObserver["watchSessions"]>(() => mock());
    const observer = observerWith({ watchSessions });
    const storage = await it.open({ migrations, poolSize: 2, statementTimeoutMs: 5000, observer });
    const unlock = await lock(it.admin, "notes");
    const running = [1, 2, 3].map(() => storage.read((sql) => sql`SELECT id FROM notes`));
    await isRunning(it.admin, "SELECT id FROM notes", 2);
    const count = watchSessions.mock.calls[0]?.[0];
    expect(count?.()).toMatchObject({ max: 2, used: 2, waiting: 1 });
    await unlock();
    await Promise.all(running);
    expect(count?.()).toMatchObject({ max: 2, used: 0, waiting: 0 });
  });

  test.concurrent("one statement that waits for a lock makes no other statement wait", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ migrations, statementTimeoutMs: 3000 });
    await Promise.all([0.01, 0.01, 0.01, 0.01].map((seconds) => storage.read(sleep(seconds))));
    const unlock = await lock(it.admin, "notes");
    let isWritten = false;
    const slow = storage.write(insertNote(1)).then(() => (isWritten = true));
    await isRunning(it.admin, "INSERT");
    for (let n = 0; n < 60; n += 1) await storage.read(selectOne);
    expect(isWritten).toBe(false);
    await unlock();
    await slow;
  });

  test.concurrent("a lock that is held for too long is busy, and nothing is written", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ migrations, statementTimeoutMs: 200 });
    const unlock = await lock(it.admin, "notes");
    expect(await rejectionOf(storage.write(insertNote(1)))).toMatchObject(unavailable("busy"));
    await unlock();
    expect(await storage.read((sql) => sql`SELECT id FROM notes`)).toEqual([]);
  });

  test.concurrent("reports a write that gave up waiting for a lock, and nothing else that is busy", async () => {
    await using it = await temporaryPostgres();
    const lockWaited = mock();
    const observer = observerWith({ lockWaited });
    const storage = await it.open({ migrations, poolSize: 1, statementTimeoutMs: 3000, observer });
    const run = (text: string) => (sql: SQL) => sql.unsafe(text);
    // Out of memory, undone for the sake of another one, ended after the statement's time.
    for (const state of ["53200", "40001", "57014"]) {
      for (const execute of [storage.read, storage.write]) {
        expect(await rejectionOf(execute(run(raise(state))))).toMatchObject(unavailable("busy"));
      }
    }
    expect(await rejectionOf(storage.read(run(raise("55P03"))))).toMatchObject(unavailable("busy"));
    const held = Promise.withResolvers<object[]>();
    const holding = storage.read(() => held.promise);
    const late = [rejectionOf(storage.read(selectOne)), rejectionOf(storage.write(selectOne))];
    expect(await Promise.all(late)).toMatchObject([unavailable("busy"), unavailable("busy")]);
    held.resolve([]);
    await holding;
    expect(lockWaited).toHaveBeenCalledTimes(0);

    const refused = await rejectionOf(storage.write(run(raise("55P03"))));
    expect(refused).toMatchObject(unavailable("busy"));
    expect(lockWaited).toHaveBeenCalledTimes(1);
  });

  test.concurrent("a statement that gets no session in time is busy", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ poolSize: 1, statementTimeoutMs: 3000 });
    const slow = storage.read(sleep(1.5));
    expect(await rejectionOf(storage.read(selectOne))).toMatchObject(unavailable("busy"));
    await slow;
  });

  test.concurrent("a ping goes before all that wait, and is late after a second", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ poolSize: 1, statementTimeoutMs: 3000 });
    const order: string[] = [];
    const done = [
      storage.read(sleep(0.2)),
      storage.read(selectOne).then(() => order.push("read")),
      storage.ping().then(() => order.push("ping")),
    ];
    await Promise.all(done);
    expect(order).toEqual(["ping", "read"]);

    const slow = storage.read(sleep(2));
    expect(await rejectionOf(storage.ping())).toMatchObject(unavailable("busy"));
    await slow;
    await storage.ping();
  });

  test.concurrent("a read whose session is killed is repeated, a write is not", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ migrations, statementTimeoutMs: 3000 });
    let tries = 0;
    const read = storage.read((sql) => {
      tries += 1;
      return sql<{ done: boolean }[]>`SELECT ${tries} > 1 OR pg_sleep(3) IS NULL AS done`;
    });
    await isRunning(it.admin, "SELECT $1");
    await endSessions(it.admin);
    expect(await read).toEqual([{ done: true }]);

    tries = 0;
    const write = storage.write((sql) => {
      tries += 1;
      return sql`INSERT INTO notes SELECT 1, 'a' FROM pg_sleep(3)`;
    });
    await isRunning(it.admin, "INSERT");
    const rejection = rejectionOf(write);
    await endSessions(it.admin);
    expect(await rejection).toMatchObject(unavailable("interrupted"));
    expect(tries).toBe(1);
    expect(await storage.read((sql) => sql`SELECT id FROM notes`)).toEqual([]);
  });

  test.concurrent.each(["40001", "40P01"])(
    "a write that the server undid (%s) is tried again",
    async (state) => {
      await using it = await temporaryPostgres();
      const storage = await it.open({ migrations });
      await it.admin.unsafe(`
      CREATE SEQUENCE tries;
      CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '${state}'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER fail_twice BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION fail_twice()`);
      expect(await storage.write(insertNote(1))).toEqual([{ id: 1 }]);
      await it.admin`SELECT setval('tries', 1, false)`;
      await it.admin`ALTER SEQUENCE tries INCREMENT BY -1 MINVALUE -100`;
      const failure = await rejectionOf(storage.write(insertNote(2)));
      expect(failure).toMatchObject(unavailable("busy"));
    },
  );

  test.concurrent.each(["40001", "40P01"])(
    "a read that the server undid (%s) is tried again, a few times",
    async (state) => {
      await using it = await temporaryPostgres();
      const storage = await it.open({ migrations });
      await it.admin.unsafe(`
        CREATE SEQUENCE tries;
        CREATE FUNCTION read_after(failures int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('tries') <= failures THEN
            RAISE EXCEPTION 'try again' USING ERRCODE = '${state}';
          END IF;
          RETURN failures;
        END $$`);
      const readAfter = (failures: number) =>
        storage.read((sql) => sql<{ value: number }[]>`SELECT read_after(${failures}) AS value`);
      expect(await readAfter(2)).toEqual([{ value: 2 }]);
      expect(await rejectionOf(readAfter(1000))).toMatchObject(unavailable("busy"));
      const [tries] = await it.admin<{ count: string }[]>`SELECT last_value AS count FROM tries`;
      expect(Number(tries?.count)).toBe(3 + 5);
    },
  );

  test.concurrent("a path that swallows packets ends a statement in time, and the next one works", async () => {
    await using it = await temporaryPostgres();
    const path = serverPath(it.url);
    it.defer(path);
    const changes: boolean[] = [];
    const reachabilityChanged = (isReachable: boolean) => void changes.push(isReachable);
    const storage = await it.open({ url: path.url, poolSize: 1, migrations, reachabilityChanged });
    await storage.read(selectOne);
    path.freeze();
    const startedAt = performance.now();
    const lost = await rejectionOf(storage.write(insertNote(1)));
    expect(lost).toMatchObject(unavailable("interrupted"));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(await storage.read(selectOne)).toEqual([{ one: 1 }]);
    expect(await storage.write(insertNote(2))).toEqual([{ id: 2 }]);
    await storage.ping();
    expect(changes).toEqual([false, true]);
  });

  test.concurrent("a server that goes away and comes back is unreachable meanwhile, and told once", async () => {
    await using it = await temporaryPostgres();
    const path = serverPath(it.url);
    it.defer(path);
    const changes: boolean[] = [];
    const reachabilityChanged = (isReachable: boolean) => void changes.push(isReachable);
    const storage = await it.open({ url: path.url, migrations, reachabilityChanged });
    path.close();
    for (let n = 0; n < 3; n += 1) {
      expect(await rejectionOf(storage.read(selectOne))).toMatchObject(unavailable("unreachable"));
      expect(await rejectionOf(storage.ping())).toMatchObject(unavailable("unreachable"));
    }
    path.open();
    expect(await storage.write(insertNote(1))).toEqual([{ id: 1 }]);
    expect(changes).toEqual([false, true]);
  });

  test.concurrent.each(["a write", "a ping"])(
    "a read-only server that %s finds is not ready, is told once, and serves again as soon as it takes writes",
    async (first) => {
      await using it = await temporaryPostgres();
      const told: (string | true)[] = [];
      const reachabilityChanged = (isReachable: boolean, reason: string) =>
        void told.push(isReachable || reason);
      const options = { migrations, statementTimeoutMs: 3250, reachabilityChanged };
      const storage = await it.open(options);
      const [{ name } = { name: "" }] = await it.admin<{ name: string }[]>`
        SELECT current_database() AS name`;
      await it.admin.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await endSessions(it.admin);
      // Of the pool, which has not heard of the end of each session, this takes new ones.
      await storage.read(selectOne);
      if (first === "a ping") {
        expect(await rejectionOf(storage.ping())).toMatchObject(unavailable("unreachable"));
      }
      for (let n = 0; n < 3; n += 1) {
        expect(await rejectionOf(storage.write(insertNote(1)))).toBeInstanceOf(Error);
        expect(await storage.read(selectOne)).toEqual([{ one: 1 }]);
      }
      expect(await rejectionOf(storage.ping())).toMatchObject(unavailable("unreachable"));
      await it.admin.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      // Sessions that began read-only are replaced once a second.
      const endsAt = performance.now() + 5000;
      let isReady = false;
      while (!isReady && performance.now() < endsAt) {
        isReady = await storage.ping().then(
          () => true,
          () => false,
        );
      }
      expect(await storage.write(insertNote(2))).toEqual([{ id: 2 }]);
      expect(told).toEqual(["the server is read-only; name the primary", true]);
    },
  );

  test.concurrent("a server whose disk is full is not lost: it serves reads", async () => {
    await using it = await temporaryPostgres();
    const changes: boolean[] = [];
    const reachabilityChanged = (isReachable: boolean) => void changes.push(isReachable);
    const storage = await it.open({ migrations, reachabilityChanged });
    const write = storage.write((sql) => sql.unsafe(raise("53100")));
    expect(await rejectionOf(write)).toMatchObject(unavailable("full"));
    await storage.ping();
    expect(await storage.read(selectOne)).toEqual([{ one: 1 }]);
    expect(changes).toEqual([]);
  });

  test.concurrent("close() waits for statements under way, and refuses further ones", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ migrations, poolSize: 1 });
    const written = [insertNote(1), insertNote(2)].map((statement) => storage.write(statement));
    const closing = storage.close();
    const refused = await rejectionOf(storage.read(selectOne));
    expect(refused.name).toBe("Error");
    await closing;
    expect(await Promise.all(written)).toEqual([[{ id: 1 }], [{ id: 2 }]]);
    await storage.close();
  });

  test.concurrent("close(true) ends the statements under way", async () => {
    await using it = await temporaryPostgres();
    const storage = await it.open({ poolSize: 1, statementTimeoutMs: 3000 });
    const rejections = [sleep(3), selectOne].map((statement) =>
      rejectionOf(storage.read(statement)),
    );
    await isRunning(it.admin, "SELECT pg_sleep");
    await storage.close(true);
    expect(await Promise.all(rejections)).toMatchObject([
      unavailable("unreachable"),
      unavailable("busy"),
    ]);
  });
});
