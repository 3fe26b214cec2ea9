// A copy of a database to which other processes may be writing.
import { Database } from "bun:sqlite";
import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  flush,
  isTaken,
  makeFolder,
  renameNoReplace,
  remove,
  temporaryName,
} from "./durable-file.ts";
import { operatorReason } from "./errors.ts";
import { retryWhileBusy } from "./lock.ts";

const noDatabase =
  "there is no database at this path; check DATABASE_URL, or start the service, which makes one";

/** A backup failed. One line for the operator; it names files: never for clients. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/**
 * Copies one consistent state of the database at `path` to the new file `target`, which appears under its
 * name complete; missing folders are made. Run it in a separate process: SQLite blocks the event loop for
 * about two seconds per gigabyte.
 *
 * @param options `lockTimeoutMs`: how long to wait for another process's lock, by default 5000
 * @throws {BackupError} if the backup failed; it leaves no file behind
 */
export async function backupSqlite(
  path: string,
  target: string,
  { lockTimeoutMs }: { lockTimeoutMs?: number } = {},
): Promise<void> {
  const temporary = temporaryName(resolve(target));
  try {
    const source = await stat(path).catch(() => undefined);
    if (!source?.isFile()) throw new Error(noDatabase);
    if (await isTaken(target)) throw new Error("the target exists already; name a new file");
    await makeFolder(dirname(temporary));
    const mode = source.mode & 0o777; // no more readable than the source
    await writeFile(temporary, "", { flag: "wx", mode });
    await retryWhileBusy(() => vacuumInto(path, temporary), lockTimeoutMs);
    await flush(temporary);
    await renameNoReplace(temporary, target);
    await flush(dirname(temporary));
  } catch (error) {
    throw new BackupError(`Cannot back up "${path}" to "${target}": ${operatorReason(error)}`, {
      cause: error,
    });
  } finally {
    await remove(temporary);
    await remove(`${temporary}-journal`);
  }
}

function vacuumInto(path: string, target: string): void {
  using db = new Database(resolve(path), { create: false, readwrite: true, strict: true });
  using vacuum = db.prepare<unknown, { target: string }>("VACUUM INTO $target");
  vacuum.run({ target });
}
