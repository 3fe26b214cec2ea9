// What the storage tests share: plain connections and other processes.
import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

/** Migrations that make one table. */
export const migrations = ["CREATE TABLE note (text TEXT NOT NULL) STRICT"];

/** What `migrate` returns for a database that it brought from one version to another. */
export const migratedFrom = (from: number, to: number) => ({
  from,
  to,
  durationMs: expect.any(Number),
});

/** A plain connection; it fails at once while another connection holds the lock that it needs. */
export function connect(path: string, journalMode = "WAL"): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run(`PRAGMA journal_mode = ${journalMode}`);
  return db;
}

/** A folder with a path for a database, and what a test opens until its scope ends. */
export function temporaryDatabase() {
  const scope = new DisposableStack();
  const folder = scope.use(temporaryFolder()).path;
  const path = join(folder, "test.db");
  return {
    folder,
    path,
    /** A connection that is closed at the end of the scope. */
    connect: (journalMode?: string) => scope.use(connect(path, journalMode)),
    [Symbol.dispose]: () => scope.dispose(),
  };
}

/** The texts in table `note`, in the order in which they were written. */
export function notes(db: Database): string[] {
  using all = db.prepare<{ text: string }, []>("SELECT text FROM note ORDER BY rowid");
  return all.all().map(({ text }) => text);
}

/** The texts in table `note` of a file. */
export function notesIn(path: string): string[] {
  using db = connect(path);
  return notes(db);
}

/** An open storage with table `note`. */
export async function openNotes() {
  const it = temporaryDatabase();
  const storage = await openSqlite({ path: it.path, migrations });
  const insert = storage.db.prepare<unknown, { text: string }>(
    "INSERT INTO note (text) VALUES ($text)",
  );
  return {
    ...it,
    storage,
    add: (text: string) => storage.write(() => insert.run({ text })),
    async [Symbol.asyncDispose]() {
      await storage.close();
      it[Symbol.dispose]();
    },
  };
}

/** What follows `start` in the message, of one line, of the error that rejects `promise`. */
export async function reasonOf(promise: Promise<unknown>, name: string, start: string) {
  const error = await rejectionOf(promise);
  expect(error.name).toBe(name);
  expect(error.message).toStartWith(start);
  expect(error.message).not.toContain("\n");
  return error.message.slice(start.length);
}

/** A command for a writer process. */
export type WriterCommand = "open" | "close" | { writes: number; callers: number };

/** One write of a writer process. Times are in ms on a clock that all processes share. */
export interface Written {
  readonly sentAt: number;
  readonly committedAt: number;
}

/** Another process, killed at the end of the scope. */
interface Child<Command, Report> extends Disposable {
  /**
   * Resolves with the report on a command, and after "close" when the process has ended; rejects if
   * it ends first.
   */
  send(command: Command): Promise<Report>;
}

/** Starts Bun with arguments that make it send a report at its start and after each command. */
export async function startChild<Command, Report>(
  ...args: string[]
): Promise<Child<Command, Report>> {
  let reply = Promise.withResolvers<Report>();
  const ipc = (report: Report) => reply.resolve(report);
  const child = Bun.spawn([process.execPath, ...args], { ipc });
  void child.exited.then((code) => reply.reject(new Error(`The process ended with ${code}`)));
  await reply.promise;
  return {
    async send(command) {
      reply = Promise.withResolvers<Report>();
      child.send(command);
      const report = await reply.promise;
      if (command === "close") await child.exited;
      return report;
    },
    [Symbol.dispose]: () => child.kill(),
  };
}

/** Starts a process that runs `writer-process.ts`, which opens the file at the command "open". */
export function startWriter(path: string) {
  const program = new URL("./writer-process.ts", import.meta.url).pathname;
  return startChild<WriterCommand, Written[]>(program, path);
}
