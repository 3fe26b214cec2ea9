// Regular backups into one folder, which keeps the newest.
import { readdir, rm, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { fileTimestamp, finalName, flush } from "./durable-file.ts";
import { backupSqlite, BackupError } from "./backup.ts";
import { operatorReason } from "./errors.ts";

/** How many backups a folder can keep. */
export const maxBackups = 10_000;

/** Longer than any backup takes: a temporary file of this age was left by a killed process. */
const abandonedMs = 24 * 60 * 60 * 1000;

/**
 * Copies the database at `path` to a new file in `folder`, such as
 * `user_service-20261122T180000.000Z.db`. Then deletes all but the newest `keep` files with names
 * of this form, and the temporary files that killed backups left, and nothing else.
 *
 * @param options `keep`: how many backups stay, the new one included, from 1 to {@link maxBackups}
 * @returns the paths of the new backup and of the deleted files
 * @throws {BackupError} if the backup failed, and then it deletes nothing; or if the backup was
 * made and an old one could not be deleted
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
  const backupName = new RegExp(`^${start}\\d{8}T\\d{6}\\.\\d{3}Z${end}$`);
  try {
    const files = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
    // Sorted by name: copying or touching a file makes it younger. The new backup stays in any
    // case, since the clock may have been set back.
    const older = files.filter((file) => backupName.test(file) && file !== made).toSorted();
    const deleted = older.slice(0, Math.max(0, older.length + 1 - keep));
    for (const file of files.filter((file) => backupName.test(finalName(file) ?? ""))) {
      const { mtimeMs } = await stat(join(folder, file));
      if (now.getTime() - mtimeMs > abandonedMs) deleted.push(file);
    }
    for (const file of deleted) await rm(join(folder, file), { force: true });
    await flush(folder);
    return { made: join(folder, made), deleted: deleted.map((file) => join(folder, file)) };
  } catch (error) {
    throw new BackupError(
      `Cannot delete old backups in "${folder}": ${operatorReason(error)}; "${made}" was made`,
      { cause: error },
    );
  }
}
