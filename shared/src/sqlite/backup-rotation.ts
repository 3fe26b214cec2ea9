// Backups made again and again into one folder, of which the newest are kept.
import { readdir, rm, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { fileTimestamp, finishedName, flush } from "./durable-file.ts";
import { backupSqlite, BackupError } from "./backup.ts";
import { errorMessage } from "../core/error-message.ts";

/** How many can be kept. */
export const maxBackups = 10_000;

/** Longer than any backup takes: what is unfinished by then was left by a process that was killed. */
const abandonedMs = 24 * 60 * 60 * 1000;

/**
 * Copies the database at `path` to a new file in `folder`, such as
 * `user_service-20261122T180000.000Z.db`. When that is done it deletes all but the newest `keep` of
 * the files with such names, and what killed processes left unfinished of them, and nothing else.
 *
 * @throws {BackupError} if no copy was made, and nothing was deleted then; or if it was made and an
 * old one could not be deleted
 */
export async function rotateBackups(
  path: string,
  folder: string,
  { keep, now = new Date() }: { keep: number; now?: Date },
): Promise<{ made: string; deleted: string[] }> {
  const { name, ext } = parse(path);
  const made = `${name}-${fileTimestamp(now)}${ext}`;
  await backupSqlite(path, join(folder, made));

  const [start, end] = [RegExp.escape(`${name}-`), RegExp.escape(ext)];
  const ours = new RegExp(`^${start}\\d{8}T\\d{6}\\.\\d{3}Z${end}$`);
  try {
    const files = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
    // By name, for a file that is copied or touched gets younger. The new one stays in any case: the
    // clock may have been set back.
    const older = files.filter((file) => ours.test(file) && file !== made).toSorted();
    const deleted = older.slice(0, Math.max(0, older.length + 1 - keep));
    for (const file of files.filter((file) => ours.test(finishedName(file) ?? ""))) {
      const { mtimeMs } = await stat(join(folder, file));
      if (now.getTime() - mtimeMs > abandonedMs) deleted.push(file);
    }
    for (const file of deleted) await rm(join(folder, file), { force: true });
    await flush(folder);
    return { made: join(folder, made), deleted: deleted.map((file) => join(folder, file)) };
  } catch (error) {
    throw new BackupError(
      `Cannot delete old backups in "${folder}": ${errorMessage(error)}; "${made}" was made`,
      { cause: error },
    );
  }
}
