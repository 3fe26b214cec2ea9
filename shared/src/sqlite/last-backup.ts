// When a database was last backed up: a file beside it, since the backup is another process than the
// service, and its copy may be where the service cannot look.
import { readFile, realpath, rename, writeFile } from "node:fs/promises";
import { remove, temporaryName } from "./durable-file.ts";
import { operatorReason } from "./errors.ts";

/** The file that has the time of the last backup, in RFC 3339. SQLite's own files are beside it. */
const recordOf = async (path: string) => `${await realpath(path)}.last-backup`;

/**
 * Records that the database at `path` was backed up.
 *
 * @returns why that failed, for the operator; undefined if it did not
 */
export async function recordBackup(path: string, moment = new Date()): Promise<string | undefined> {
  let temporary: string | undefined;
  try {
    const record = await recordOf(path);
    temporary = temporaryName(record);
    await writeFile(temporary, `${moment.toISOString()}\n`, { flag: "wx" });
    await rename(temporary, record);
    return undefined;
  } catch (error) {
    if (temporary !== undefined) await remove(temporary);
    return operatorReason(error);
  }
}

/** When the database at `path` was last backed up, in Unix seconds; undefined if that is not known. */
export async function lastBackup(path: string): Promise<number | undefined> {
  const text = await readFile(await recordOf(path), "utf8").catch(() => "");
  const seconds = Date.parse(text.trim()) / 1000;
  return Number.isNaN(seconds) ? undefined : seconds;
}
