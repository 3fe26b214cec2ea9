// A resource that heeds idempotency keys, with the least that it takes.
import type { Claim, IdempotencyKeys } from "../../src/idempotency/claim.ts";
import { idempotentCreation } from "../../src/idempotency/idempotent-creation.ts";
import { requestDigest } from "../../src/idempotency/request-digest.ts";
import { sqliteIdempotency } from "../../src/idempotency/sqlite-idempotency.ts";
import type { SqliteStorage } from "../../src/sqlite/sqlite-storage.ts";
import { temporaryStorage } from "../../testing/temporary-storage.ts";

type Note = { id: string; text: string; updated_at: string };

const migrations = [
  "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT",
  "INSERT INTO secrets (name, value) VALUES ('request-digest', randomblob(32))",
  `CREATE TABLE idempotency_keys (
    key         TEXT    NOT NULL PRIMARY KEY,
    fingerprint TEXT,
    token       TEXT    NOT NULL,
    lease_until INTEGER NOT NULL,
    resource_id TEXT,
    created_at  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];

const updated_at = "2027-01-15T08:00:00.000Z";

function sqliteNotes(storage: SqliteStorage, now: () => number) {
  const { db } = storage;
  const find = (id: string) => {
    const row = db.query<Omit<Note, "updated_at">, [string]>("SELECT * FROM notes WHERE id = ?");
    const found = row.get(id);
    return found === null ? undefined : { ...found, updated_at };
  };
  const { keys, writeOnce } = sqliteIdempotency<Note>(storage, { find, now });
  return {
    ...keys,
    create: (text: string, claim?: Claim) =>
      writeOnce(() => {
        const id = crypto.randomUUID();
        db.run("INSERT INTO notes (id, text) VALUES (?, ?)", [id, text]);
        return { id, text, updated_at };
      }, claim),
  };
}

/** Makes an empty store of notes, with what a route does for a request with this key. */
export async function temporaryNotes() {
  const clock = { ms: 1_800_000_000_000 };
  const database = await temporaryStorage(migrations);
  const { storage } = database;
  const notes = sqliteNotes(storage, () => clock.ms);
  const fingerprint = requestDigest(storage, "notes");

  /** Creates a note, or replays one. @returns the note, and whether it is a replay */
  async function post(
    key: string | undefined,
    create: (claim: Claim | undefined) => Promise<Note> = (claim) => notes.create("hello", claim),
    {
      release = notes.release,
      maxMs,
      owner,
    }: {
      readonly release?: IdempotencyKeys<Note>["release"];
      readonly maxMs?: number;
      readonly owner?: string;
    } = {},
  ) {
    const createOnce = idempotentCreation({
      keys: { ...notes, release },
      maxMs,
      owner: () => owner,
      fingerprint,
      original: (current: Note, body: { text: string }) => ({ ...current, ...body }),
    });
    const set: { headers: Record<string, string | undefined> } = { headers: {} };
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const request = new Request("http://localhost/notes", { method: "POST", headers });
    const note = await createOnce(request, set, { text: "hello" }, create);
    return { note, isReplay: set.headers["idempotent-replayed"] === "true" };
  }

  return {
    ...database,
    /** In milliseconds since 1970; only the test moves it. */
    clock,
    notes,
    post,
    /** Resolves when every write that was queued before is committed. */
    committed: () => storage.write(() => undefined),
    /** The number of notes stored. */
    count: () => storage.db.query("SELECT id FROM notes").all().length,
  };
}
