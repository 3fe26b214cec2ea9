// What the storage tests share: temporary folders, plain connections, other processes.
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A table to write to. */
export const migrations = ["CREATE TABLE note (text TEXT NOT NULL) STRICT"];

/** A folder that is gone at the end of the scope. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "storage-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** A connection without any of our care: it fails at once if the lock that it needs is taken. */
export function connect(path: string, journalMode = "WAL"): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run(`PRAGMA journal_mode = ${journalMode}`);
  return db;
}

/** The texts in table `note`, in the order of their writing. */
export function notes(db: Database): string[] {
  using all = db.prepare<{ text: string }, []>("SELECT text FROM note ORDER BY rowid");
  return all.all().map(({ text }) => text);
}

/** The error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error("The promise was not rejected with an error");
}

/** What a writer process can be told to do. */
export type WriterCommand =
  | "open"
  | { readonly writes: number; readonly callers: number }
  | "close";

/** What it tells when it has done so; times are in ms on a clock that all processes share. */
export interface WriterReport {
  readonly startedAt: number;
  readonly answeredAt: readonly number[];
  readonly longestWaitMs: number;
}

/** A process of `sqlite-process.ts`, killed at the end of the scope. */
export interface Writer extends Disposable {
  /** Rejects if the process ends instead of doing it. */
  tell(command: WriterCommand): Promise<WriterReport>;
}

/** Starts a writer on a file that it has yet to open. */
export async function startWriter(path: string): Promise<Writer> {
  let reply = Promise.withResolvers<WriterReport>();
  const child = Bun.spawn({
    cmd: [process.execPath, new URL("./writer-process.ts", import.meta.url).pathname, path],
    ipc: (report: WriterReport) => reply.resolve(report),
  });
  void child.exited.then((code) => reply.reject(new Error(`The writer ended with ${code}`)));
  await reply.promise;
  return {
    async tell(command) {
      reply = Promise.withResolvers();
      child.send(command);
      const report = await reply.promise;
      if (command === "close") await child.exited;
      return report;
    },
    [Symbol.dispose]: () => child.kill(),
  };
}
