// Shared by both services of the floor. They check, count and log nothing: this is the most that the
// runtime can do.
import { Database } from "bun:sqlite";

const { DATABASE_URL = "", PORT, HOST } = process.env;

/** The address from the environment. */
export const address = { port: Number(PORT), hostname: HOST ?? "127.0.0.1", development: false };

/** Opens the database as the platform does. */
export function openDatabase(): Database {
  const db = new Database(DATABASE_URL.replace(/^sqlite:/, ""), { readwrite: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA foreign_keys = ON");
  return db;
}

/** The platform's group commit, without what is needed when other processes write to the file. */
export function groupCommit(db: Database): <T>(change: () => T) => Promise<T> {
  const maxBatch = 256;
  const maxMs = 2;
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
      queue.length < maxBatch &&
      performance.now() - startedAt < maxMs
    );
  }

  async function work(): Promise<void> {
    isWorking = true;
    while (queue.length > 0) {
      await gather();
      const batch = queue.splice(0, maxBatch);
      begin.run();
      const replies = batch.map((change) => change());
      commit.run();
      for (const reply of replies) reply();
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

/** The platform's entity tag of a resource that was last changed at this time. */
export function entityTag(updatedAt: number): string {
  return `"${updatedAt.toString(36)}"`;
}

/** A time in the format of the API. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
