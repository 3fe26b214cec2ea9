// Copies from SQLite to PostgreSQL, and back: what arrives, and what is refused.
import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasPostgres, postgresDatabase } from "../../testing/postgres.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import {
  contentsOf,
  copyToFile,
  copyToServer,
  empty,
  migrateServer,
  noteId,
  openFile,
  openServer,
  sqliteMigrations,
  sqliteNotes,
  stateOf,
  tables,
} from "./sample-databases.ts";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";

/** Runs statements on a server. */
async function onServer(url: string, ...statements: readonly string[]): Promise<void> {
  const sql = new SQL(url, { max: 1 });
  for (const statement of statements) await sql.unsafe(statement);
  await sql.close();
}

/** A file with notes and an empty database on a server, until the end of the scope. */
async function ends(count?: number) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const { url } = stack.use(await postgresDatabase());
  const path = await sqliteNotes(folder.path, count);
  const owned = stack.move();
  return {
    path,
    url,
    back: join(folder.path, "new/back.db"),
    /** Changes the source as an operator would, whatever its foreign keys. */
    edit(...statements: readonly string[]) {
      const db = openFile(path);
      for (const statement of statements) db.run(statement);
      db.close();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.if(hasPostgres)("copyAll()", () => {
  test("brings every value to PostgreSQL and back: rows, child rows, keys and secrets", async () => {
    await using given = await ends(2500);
    const { path, url, back, edit } = given;
    // Texts that one of the encodings between the engines could change.
    const texts = ["😀", "\uFFFD", '"\\', "\n\t", "İ", "' $1", "\u007f", "null"];
    for (const [n, text] of texts.entries()) {
      const quoted = text.replaceAll("'", "''");
      edit(
        `UPDATE notes SET title = 'x ${quoted}' WHERE id = '${noteId(n)}'`,
        `UPDATE note_lines SET line = '${quoted}' WHERE note_id = '${noteId(n)}'`,
      );
    }
    const there = await copyToServer(path, url);
    const again = await copyToFile(url, back);
    expect(there).toMatchObject([
      { name: "secrets", rows: 2, children: 0 },
      { name: "notes", rows: 2500, children: 2499 },
      { name: "idempotency_keys", rows: 834, children: 0 },
    ]);
    expect(again).toEqual(there);
    expect(contentsOf(back)).toEqual(contentsOf(path));
    expect(await readdir(join(back, ".."))).toEqual(["back.db"]);
  });

  test("gives the server statistics of the new rows, without which it reads whole tables", async () => {
    await using given = await ends(300);
    await copyToServer(given.path, given.url);
    await using sql = new SQL(given.url, { max: 1 });
    const [table] = await sql<object[]>`
      SELECT reltuples::int AS rows
      FROM pg_class
      WHERE relname = 'notes'`;
    expect(table).toEqual({ rows: 300 });
  });

  test.each([
    ["title", `UPDATE notes SET title = 'a' || char(0) WHERE id = '${noteId(3)}'`, "U+0000"],
    [
      "title",
      `UPDATE notes SET title = CAST(x'F09F98' AS TEXT) WHERE id = '${noteId(3)}'`,
      "UTF-8",
    ],
    ["size", `UPDATE notes SET size = 1 << 53 WHERE id = '${noteId(3)}'`, "2^53"],
    ["line", `INSERT INTO note_lines VALUES ('${noteId(3)}', 0, 'a' || char(0), 1)`, "U+0000"],
    [
      "line",
      `INSERT INTO note_lines VALUES ('${noteId(3)}', 0, CAST(x'E282' AS TEXT), 1)`,
      "UTF-8",
    ],
    ["width", `INSERT INTO note_lines VALUES ('${noteId(3)}', 0, 'a', -1 << 54)`, "2^53"],
  ])(
    "refuses a row with a %s that PostgreSQL would change, and names it: %s",
    async (column, statement, words) => {
      await using given = await ends();
      given.edit(statement);
      const { message } = await rejectionOf(copyToServer(given.path, given.url));
      expect(message).toStartWith(`the row "${noteId(3)}" of notes has a ${column} `);
      expect(message).toContain(words);
      expect(message).toContain("correct or delete it at the source");
      expect(await stateOf(given.url)).toEqual(empty);
    },
  );

  test("refuses an id that PostgreSQL would spell otherwise, so that references to it would break", async () => {
    await using given = await ends();
    given.edit("INSERT INTO notes VALUES ('01936F5E-8A3C-7C4E-9D2B-00000000000A', 'x', 1)");
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toContain(
      '"01936F5E-8A3C-7C4E-9D2B-00000000000A" of notes has a id that is no UUID',
    );
    expect(await stateOf(given.url)).toEqual(empty);
  });

  test("refuses child rows whose row is missing, which it could not copy", async () => {
    await using given = await ends();
    given.edit("PRAGMA foreign_keys = OFF", `INSERT INTO note_lines VALUES ('gone', 0, 'a', 1)`);
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toContain("notes has 5 rows with 5 child rows, of which 5 and 4 could be read");
    expect(await stateOf(given.url)).toEqual(empty);
  });

  test("names the one row among many that the server refuses, and no value of it", async () => {
    await using given = await ends(1500);
    await migrateServer(given.url);
    await onServer(
      given.url,
      "ALTER TABLE notes ADD CONSTRAINT no_secret CHECK (title <> 'Note 777')",
    );
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toBe(
      `the row "${noteId(777)}" of notes is refused by no_secret (SQLSTATE 23514); correct or delete ` +
        "it at the source, then run this again",
    );
    expect(await stateOf(given.url)).toEqual(empty);
  });

  test.each([
    ["has lines of another form", `'[{"line": 5}]'`],
    ["has lines of another form", `'[{"line": "a", "width": 1, "more": true}]'`],
    ["has lines of another form", `'{}'`],
    ["has a width in its lines that is no whole number", `'[{"line": "a", "width": 1.5}]'`],
    ["is refused (CHECK constraint failed: width < 1000)", `'[{"line": "a", "width": 1000}]'`],
  ])("refuses a row of PostgreSQL that %s: %s", async (words, lines) => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    const change = `UPDATE notes SET lines = ${lines}, line_count = 1 WHERE id = '${noteId(0)}'`;
    await onServer(given.url, change);
    const { message } = await rejectionOf(copyToFile(given.url, given.back));
    expect(message).toStartWith(`the row "${noteId(0)}" of notes ${words}`);
    expect(await readdir(join(given.back, ".."))).toEqual([]);
  });

  test("refuses a key of PostgreSQL whose resource was deleted, which SQLite cannot store", async () => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    await onServer(given.url, `DELETE FROM notes WHERE id = '${noteId(3)}'`);
    const { message } = await rejectionOf(copyToFile(given.url, given.back));
    expect(message).toStartWith('the row "key-3" of idempotency_keys is refused (FOREIGN KEY');
    expect(await readdir(join(given.back, ".."))).toEqual([]);
  });

  test("refuses a source of an older version, and makes nothing of it", async () => {
    await using folder = temporaryFolder();
    await using database = await postgresDatabase();
    const path = join(folder.path, "old.db");
    await (await openSqlite({ path, migrations: sqliteMigrations.slice(0, 1) })).close();
    const { message } = await rejectionOf(copyToServer(path, database.url));
    expect(message).toBe("it is at version 1 and this program knows 2; run migrate first");
    await migrateServer(database.url);
    expect(await stateOf(database.url)).toEqual(empty);
  });

  const unlistedColumn = (end: string, column: string) =>
    `the ${end} has the column ${column}, which src/engines/tables.ts does not list, so the copy would ` +
    "lack it; add it there, or drop it if it is your own";
  const unlistedTable =
    "the source has the table idempotency_keys, which src/engines/tables.ts does not list, so the copy " +
    "would lack it; add it there, or rename it if it is your own";
  const withoutKeys = tables.filter(({ name }) => name !== "idempotency_keys");

  test.each([
    ["notes", "phone"],
    ["note_lines", "colour"],
  ])("refuses a file whose %s have a column that is not listed: %s", async (table, column) => {
    await using given = await ends();
    given.edit(`ALTER TABLE ${table} ADD COLUMN ${column} TEXT`);
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toBe(unlistedColumn("source", `${column} of ${table}`));
    await migrateServer(given.url);
    expect(await stateOf(given.url)).toEqual(empty);
  });

  test("refuses a server whose table has a column that is not listed, as source and as destination", async () => {
    await using given = await ends();
    await migrateServer(given.url);
    await onServer(given.url, "ALTER TABLE notes ADD COLUMN phone text");
    const there = await rejectionOf(copyToServer(given.path, given.url));
    expect(there.message).toBe(unlistedColumn("destination", "phone of notes"));
    expect(await stateOf(given.url)).toEqual(empty);
    const back = await rejectionOf(copyToFile(given.url, given.back));
    expect(back.message).toBe(unlistedColumn("source", "phone of notes"));
    expect(await readdir(join(given.path, ".."))).not.toContain("new");
  });

  test("refuses a new file whose table gets a column that is not listed, and leaves no file", async () => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    const fileMigrations = [...sqliteMigrations, "ALTER TABLE notes ADD COLUMN phone TEXT"];
    const { message } = await rejectionOf(copyToFile(given.url, given.back, { fileMigrations }));
    expect(message).toBe(unlistedColumn("destination", "phone of notes"));
    expect(await readdir(join(given.back, ".."))).toEqual([]);
  });

  test("refuses a table of the migrations that is not listed, in either direction", async () => {
    await using given = await ends();
    const listed = withoutKeys;
    const there = await rejectionOf(copyToServer(given.path, given.url, { listed }));
    expect(there.message).toBe(unlistedTable);
    await copyToServer(given.path, given.url);
    const back = await rejectionOf(copyToFile(given.url, given.back, { listed }));
    expect(back.message).toBe(unlistedTable);
  });

  test("leaves out what an operator added or the engine computes: tables, views, generated columns", async () => {
    await using given = await ends();
    const added = [
      "CREATE TABLE audits (id int PRIMARY KEY, note text)",
      "CREATE VIEW titles AS SELECT title FROM notes",
    ];
    given.edit(...added, "ALTER TABLE notes ADD COLUMN length INTEGER AS (length(title)) VIRTUAL");
    await migrateServer(given.url);
    const generated = "length int GENERATED ALWAYS AS (length(title)) STORED";
    await onServer(given.url, ...added, `ALTER TABLE notes ADD COLUMN ${generated}`);
    await copyToServer(given.path, given.url);
    expect(await copyToFile(given.url, given.back)).toHaveLength(3);
  });

  test("stores nothing if the session is lost between two statements", async () => {
    await using given = await ends(2500);
    const sql = new SQL(given.url, { max: 1 });
    let ending: Promise<unknown> | undefined;
    const progress = (table: string) => {
      if (table !== "notes") return;
      ending ??= sql`
        SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`.execute();
    };
    await rejectionOf(copyToServer(given.path, given.url, { progress }));
    await ending;
    await sql.close();
    expect(await stateOf(given.url)).toEqual(empty);
    await copyToServer(given.path, given.url);
    expect(await stateOf(given.url)).toMatchObject({ notes: "2500" });
  });

  test("stores nothing if services could write again before the copy was checked", async () => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    const beforeCheck = () =>
      onServer(
        given.url,
        `SELECT pg_terminate_backend(pid, 5000)
         FROM pg_locks
         WHERE mode = 'ExclusiveLock' AND relation = 'notes'::regclass`,
      );
    const copying = copyToFile(given.url, given.back, { blocksWrites: true, beforeCheck });
    expect(await rejectionOf(copying)).toMatchObject({ errno: "57P01" });
    expect(await readdir(join(given.back, ".."))).toEqual([]);
  });

  test("stores nothing if the operator ends it, in either direction", async () => {
    await using given = await ends(2500);
    const stop = new AbortController();
    const options = { signal: stop.signal, progress: () => stop.abort(new Error("ended")) };
    await rejectionOf(copyToServer(given.path, given.url, options));
    expect(await stateOf(given.url)).toEqual(empty);
    await copyToServer(given.path, given.url);
    const second = new AbortController();
    const rejected = copyToFile(given.url, given.back, {
      signal: second.signal,
      progress: () => second.abort(new Error("ended")),
    });
    await rejectionOf(rejected);
    expect(await readdir(join(given.back, ".."))).toEqual([]);
  });
});

describe.if(hasPostgres)("postgresTarget()", () => {
  test("refuses a database that has rows already, and leaves them", async () => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    const before = await stateOf(given.url);
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toBe("the destination has notes already; name an empty database");
    expect(await stateOf(given.url)).toEqual(before);
  });

  test("refuses a database that a session uses, whose service knows other secrets", async () => {
    await using given = await ends();
    await migrateServer(given.url);
    {
      await using other = new SQL(given.url, { max: 1 });
      await other`SELECT 1`;
      const { message } = await rejectionOf(copyToServer(given.path, given.url));
      expect(message).toBe(
        "1 other sessions use the destination; stop the service there, and end them",
      );
    }
    expect(await stateOf(given.url)).toEqual(empty);
  });

  test("lets a service that starts meanwhile wait for the secrets of the copy", async () => {
    await using given = await ends();
    let starting: ReturnType<typeof openServer> | undefined;
    const progress = () => void (starting ??= openServer(given.url));
    await copyToServer(given.path, given.url, { progress });
    const storage = await starting;
    const cursor = Buffer.from(storage?.secret("cursor") ?? "").toString("hex");
    await storage?.close();
    expect((await stateOf(given.url)).secrets).toContain(cursor);
    expect(cursor).toHaveLength(64);
  });

  test("refuses a database of a newer version, or of another service", async () => {
    await using given = await ends();
    await migrateServer(given.url, ["CREATE TABLE others (id int)"]);
    const { message } = await rejectionOf(copyToServer(given.path, given.url));
    expect(message).toContain("was made by another program");
  });

  test("fills a database whose role may only read and write rows", async () => {
    await using given = await ends();
    await migrateServer(given.url);
    const role = `copier_${process.pid}`;
    await onServer(
      given.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'copier'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    const url = new URL(given.url);
    url.username = role;
    url.password = "copier";
    await copyToServer(given.path, url.href);
    expect(await stateOf(given.url)).toMatchObject({ notes: "5", keys: "2" });
    await onServer(given.url, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
  });
});

describe.if(hasPostgres)("sqliteTarget()", () => {
  test("refuses a name that is taken, also by the log of a lost database", async () => {
    await using given = await ends();
    await copyToServer(given.path, given.url);
    for (const taken of [given.back, `${given.back}-wal`]) {
      await Bun.write(taken, "data");
      const { message } = await rejectionOf(copyToFile(given.url, given.back));
      expect(message).toBe(`there is "${taken}" already; move it away, or name a new file`);
      expect(await Bun.file(taken).text()).toBe("data");
      await Bun.file(taken).delete();
    }
  });
});
