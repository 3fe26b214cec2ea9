// Databases of a service that has notes with lines, on both engines, for the tests of copies.
import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { join } from "node:path";
import { idempotencyKeys, secrets } from "../../src/copy/common-tables.ts";
import { copyAll } from "../../src/copy/copy.ts";
import type { CopySource, CopyTarget } from "../../src/copy/database.ts";
import { postgresSource } from "../../src/copy/postgres-source.ts";
import { postgresTarget } from "../../src/copy/postgres-target.ts";
import { sqliteSource } from "../../src/copy/sqlite-source.ts";
import { sqliteTarget } from "../../src/copy/sqlite-target.ts";
import type { CopiedTable } from "../../src/copy/table.ts";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { addressOf, openMigrated } from "../../testing/postgres-storage.ts";

export const tables: readonly CopiedTable[] = [
  secrets,
  {
    name: "notes",
    key: "id",
    columns: { id: "uuid", title: "text", size: "integer?" },
    children: {
      name: "note_lines",
      parent: "note_id",
      position: "position",
      columns: { line: "text", width: "integer" },
      column: "lines",
      countColumn: "line_count",
    },
  },
  idempotencyKeys("note_id"),
];

export const sqliteMigrations = [
  `CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;
   INSERT INTO secrets VALUES ('cursor', randomblob(32)), ('request-digest', randomblob(32));`,
  `CREATE TABLE notes (
     id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL COLLATE NOCASE UNIQUE, size INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE note_lines (
     note_id TEXT NOT NULL REFERENCES notes (id), position INTEGER NOT NULL, line TEXT NOT NULL,
     width INTEGER NOT NULL CHECK (width < 1000), PRIMARY KEY (note_id, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE idempotency_keys (
     key TEXT NOT NULL PRIMARY KEY, fingerprint TEXT, token TEXT NOT NULL,
     lease_until INTEGER NOT NULL, note_id TEXT REFERENCES notes (id), created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

const postgresMigrations = [
  `CREATE TABLE secrets (name text COLLATE "C" NOT NULL PRIMARY KEY, value bytea NOT NULL);
   INSERT INTO secrets VALUES ('cursor', '\\x01'), ('request-digest', '\\x02');
   CREATE TABLE notes (
     id uuid NOT NULL PRIMARY KEY, title text COLLATE "C" NOT NULL, size bigint,
     lines jsonb NOT NULL, line_count int NOT NULL
   );
   CREATE UNIQUE INDEX notes_title ON notes (lower(title));
   CREATE TABLE idempotency_keys (
     key text COLLATE "C" NOT NULL PRIMARY KEY, fingerprint text, token uuid NOT NULL,
     lease_until bigint NOT NULL, resource_id uuid, created_at bigint NOT NULL
   );`,
];

/** The id of the n-th note. */
export const noteId = (n: number) => `01936f5e-8a3c-7c4e-9d2b-${String(n).padStart(12, "0")}`;

/** Opens an SQLite database for statements of an operator. */
export function openFile(path: string): Database {
  return new Database(path, { create: false, readwrite: true, strict: true });
}

/**
 * Makes an SQLite database in a folder, whose notes have 0 to 2 lines each and every third a key.
 *
 * @returns its path
 */
export async function sqliteNotes(folder: string, count = 5): Promise<string> {
  const path = join(folder, "notes.db");
  const storage = await openSqlite({ path, migrations: sqliteMigrations });
  await storage.close();
  const db = openFile(path);
  db.run("BEGIN");
  for (let n = 0; n < count; n += 1) {
    const size = n % 2 === 0 ? null : n - 5_000_000_000_000;
    db.run("INSERT INTO notes VALUES (?, ?, ?)", [noteId(n), `Note ${n}`, size]);
    for (let position = 0; position < n % 3; position += 1) {
      db.run("INSERT INTO note_lines VALUES (?, ?, ?, ?)", [
        noteId(n),
        position,
        `line ${n}`,
        n % 9,
      ]);
    }
    if (n % 3 > 0) continue;
    const values = [`key-${n}`, n === 3 ? null : "digest", noteId(n + 1000), n, noteId(n), n];
    db.run("INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)", values);
  }
  db.run("COMMIT");
  db.close();
  return path;
}

/** All that a copy must keep, from an SQLite file. */
export function contentsOf(path: string): Record<string, unknown[]> {
  const db = openFile(path);
  const all = (sql: string) => db.query(sql).all();
  const contents = {
    secrets: all("SELECT name, hex(value) FROM secrets ORDER BY name"),
    notes: all("SELECT * FROM notes ORDER BY id"),
    lines: all("SELECT * FROM note_lines ORDER BY note_id, position"),
    keys: all("SELECT * FROM idempotency_keys ORDER BY key"),
  };
  db.close();
  return contents;
}

/** Starts a service's storage on a server. */
export const openServer = (url: string, migrations = postgresMigrations) =>
  openMigrated(url, migrations, 1);

/** Brings a database on a server up to date. */
export async function migrateServer(url: string, migrations = postgresMigrations): Promise<void> {
  await (await openServer(url, migrations)).close();
}

interface Options {
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly progress?: (table: string, done: number) => void;
  /** Called before each table of the copy is read again. */
  readonly beforeCheck?: () => Promise<void>;
  /** Default: false */
  readonly blocksWrites?: boolean;
  /** Default: all tables. */
  readonly listed?: readonly CopiedTable[];
  /** What the program runs on a file. Default: {@link sqliteMigrations} */
  readonly fileMigrations?: readonly string[];
}

async function copy(
  { source, target }: { source: CopySource; target: CopyTarget },
  options: Options,
) {
  const { signal = new AbortController().signal, progress = () => undefined } = options;
  const { beforeCheck, listed = tables } = options;
  await using ends = new AsyncDisposableStack();
  ends.defer(() => source.close());
  ends.defer(() => target.close());
  const watched: CopyTarget = {
    ...target,
    async *rows(table) {
      await beforeCheck?.();
      yield* target.rows(table);
    },
  };
  return await copyAll({ source, target: watched, tables: listed, signal, progress });
}

/** Copies a file to a server. */
export function copyToServer(path: string, url: string, options: Options = {}) {
  const { signal = new AbortController().signal, listed = tables } = options;
  return copy(
    {
      source: sqliteSource(path, sqliteMigrations, listed, { blocksWrites: false }),
      target: postgresTarget(addressOf(url), postgresMigrations, listed, signal),
    },
    options,
  );
}

/** Copies a database on a server to a new file. */
export function copyToFile(url: string, path: string, options: Options = {}) {
  const { signal = new AbortController().signal, blocksWrites = false } = options;
  const { listed = tables, fileMigrations = sqliteMigrations } = options;
  return copy(
    {
      source: postgresSource(addressOf(url), postgresMigrations, listed, {
        blocksWrites,
        signal,
      }),
      target: sqliteTarget(path, fileMigrations, listed),
    },
    options,
  );
}

/** The number of rows of each table on a server that has the schema, and its secrets. */
export async function stateOf(url: string) {
  const sql = new SQL(url, { max: 1 });
  const [counts] = await sql<{ notes: string; keys: string }[]>`
    SELECT (SELECT count(*) FROM notes) AS notes, (SELECT count(*) FROM idempotency_keys) AS keys`;
  const secretRows = await sql<{ value: string }[]>`
    SELECT encode(value, 'hex') AS value
    FROM secrets
    ORDER BY name`;
  await sql.close();
  return { ...counts, secrets: secretRows.map(({ value }) => value) };
}

/** The state of a server whose schema was made, and nothing copied. */
export const empty = { notes: "0", keys: "0", secrets: ["01", "02"] };
