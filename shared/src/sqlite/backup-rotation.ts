// Regular backups into one folder, which keeps the newest.
import { readdir, rm, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { hasErrno } from "../core/errno.ts";
import { fileTimestamp, finalName, flush } from "./durable-file.ts";
import { backupSqlite, BackupError } from "./backup.ts";
import { operatorReason } from "./errors.ts";

/** How many backups a folder can keep. */
export const maxBackups = 10_000;

/** Longer than any backup takes: a temporary file of this age was left by a killed process. */
const abandonedMs = 24 * 60 * 60 * 1000;

/** What a rotation has done. */
export interface Rotation {
  /** The path of the new backup. */
  readonly made: string;
  /** The paths of the deleted files. */
  readonly deleted: readonly string[];
  /** Why older backups are left that should have been deleted. */
  readonly failure: BackupError | undefined;
}

/**
 * Copies the database at `path` to a new file in `folder`, such as
 * `user_service-20261122T180000.000Z.db`. Then deletes all but the newest `keep` files with names
 * of this form, and the temporary files that killed backups left, and nothing else.
 *
 * @param options `keep`: how many backups stay, the new one included, from 1 to {@link maxBackups}
 * @returns the paths of the new backup and of the deleted files, and the failure to delete others
 * @throws {BackupError} if the backup failed, and then it deletes nothing
 */
export async function rotateBackups(
  path: string,
  folder: string,
  { keep, now = new Date() }: { keep: number; now?: Date },
): Promise<Rotation> {
  const { name, ext } = parse(path);
  const newest = `${name}-${fileTimestamp(now)}${ext}`;
  const made = join(folder, newest);
  const deleted: string[] = [];
  await backupSqlite(path, made);

  const [start, end] = [RegExp.escape(`${name}-`), RegExp.escape(ext)];
  const backupName = new RegExp(`^${start}\\d{8}T\\d{6}\\.\\d{3}Z${end}$`);
  try {
    const files = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
    // Sorted by name: copying or touching a file makes it younger. The new backup stays in any
    // case, since the clock may have been set back.
    const older = files.filter((file) => backupName.test(file) && file !== newest).toSorted();
    const superfluous = older.slice(0, Math.max(0, older.length + 1 - keep));
    const temporary = files.filter((file) => backupName.test(finalName(file) ?? ""));
    for (const file of [...superfluous, ...(await abandoned(folder, temporary, now))]) {
      await rm(join(folder, file), { force: true });
      deleted.push(join(folder, file));
    }
    await flush(folder);
    return { made, deleted, failure: undefined };
  } catch (error) {
    const failure = new BackupError(
      `Cannot delete old backups in "${folder}": ${operatorReason(error)}; "${newest}" was made`,
      { cause: error },
    );
    return { made, deleted, failure };
  }
}

/** The temporary files that no backup writes any more. */
async function abandoned(folder: string, files: readonly string[], now: Date): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    // A backup that runs beside this one gives its file the final name, or deletes it.
    const state = await stat(join(folder, file)).catch(unlessMissing);
    if (state !== undefined && now.getTime() - state.mtimeMs > abandonedMs) found.push(file);
  }
  return found;
}

function unlessMissing(error: unknown): undefined {
  if (!hasErrno(error, "ENOENT")) throw error;
}
