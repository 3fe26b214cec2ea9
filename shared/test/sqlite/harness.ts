// What the storage tests share: plain connections and writer processes.
import { Database } from "bun:sqlite";

/** Migrations that make one table. */
export const migrations = ["CREATE TABLE note (text TEXT NOT NULL) STRICT"];

/** A plain connection; it fails at once while another connection holds the lock that it needs. */
export function connect(path: string, journalMode = "WAL"): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run(`PRAGMA journal_mode = ${journalMode}`);
  return db;
}

/** The texts in table `note`, in the order in which they were written. */
export function notes(db: Database): string[] {
  using all = db.prepare<{ text: string }, []>("SELECT text FROM note ORDER BY rowid");
  return all.all().map(({ text }) => text);
}

/** A command for a writer process. */
export type WriterCommand =
  | "open"
  | { readonly writes: number; readonly callers: number }
  | "close";

/** One write of a writer process. Times are in ms on a clock that all processes share. */
export interface Written {
  readonly sentAt: number;
  readonly committedAt: number;
}

/** A process that runs `writer-process.ts`, killed at the end of the scope. */
export interface Writer extends Disposable {
  /** Resolves with the writes that a command made; rejects if the process ends first. */
  send(command: WriterCommand): Promise<Written[]>;
}

/** Starts a writer process, which opens the file at the command "open". */
export async function startWriter(path: string): Promise<Writer> {
  let reply = Promise.withResolvers<Written[]>();
  const child = Bun.spawn({
    cmd: [process.execPath, new URL("./writer-process.ts", import.meta.url).pathname, path],
    ipc: (written: Written[]) => reply.resolve(written),
  });
  void child.exited.then((code) => reply.reject(new Error(`The writer ended with ${code}`)));
  await reply.promise;
  return {
    async send(command) {
      reply = Promise.withResolvers();
      child.send(command);
      const written = await reply.promise;
      if (command === "close") await child.exited;
      return written;
    },
    [Symbol.dispose]: () => child.kill(),
  };
}
