// What both services of the floor share. Nothing is checked, counted or logged here: this is what
// the runtime can do.
import { Database } from "bun:sqlite";

const { DATABASE_URL = "", PORT, HOST } = process.env;

/** Where to listen. */
export const address = { port: Number(PORT), hostname: HOST ?? "127.0.0.1", development: false };

/** Opens the database as the platform does. */
export function openDatabase(): Database {
  const db = new Database(DATABASE_URL.replace(/^sqlite:/, ""), { readwrite: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA foreign_keys = ON");
  return db;
}

/** The platform's group commit, for a file that no other process writes to. */
export function groupCommit(db: Database): <T>(change: () => T) => Promise<T> {
  const most = 256;
  const mostMs = 2;
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const queue: (() => () => void)[] = [];
  let isWorking = false;

  async function gather(): Promise<void> {
    const startedAt = performance.now();
    let gathered: number;
    do {
      gathered = queue.length;
      await new Promise((resolve) => setImmediate(resolve));
    } while (
      queue.length > gathered &&
      queue.length < most &&
      performance.now() - startedAt < mostMs
    );
  }

  async function work(): Promise<void> {
    isWorking = true;
    while (queue.length > 0) {
      await gather();
      const batch = queue.splice(0, most);
      begin.run();
      const answers = batch.map((change) => change());
      commit.run();
      for (const answer of answers) answer();
    }
    isWorking = false;
  }

  return <T>(change: () => T) =>
    new Promise<T>((resolve) => {
      queue.push(() => {
        const value = change();
        return () => resolve(value);
      });
      if (!isWorking) void work();
    });
}

/** The platform's entity tag of what was last changed at this time. */
export function entityTag(updatedAt: number): string {
  return `"${updatedAt.toString(36)}"`;
}

/** A time as the wire has it. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
