// Replaces a database with a backup, while no process uses it.
import {
  constants,
  createReadStream,
  existsSync,
  linkSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { access, chmod, chown, readdir, realpath, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  fileTimestamp,
  finalName,
  flush,
  isTaken,
  makeFolder,
  renameNoReplace,
  remove,
  temporaryName,
} from "./durable-file.ts";
import { operatorReason } from "./errors.ts";
import { lockExclusively } from "./exclusive-lock.ts";
import { defaultLockTimeoutMs } from "./lock.ts";
import { verifyBackup } from "./verify-backup.ts";
import { hasErrno } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";

/** A restore failed. One line for the operator; it names files: never for clients. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
}

/** How to restore. */
export interface RestoreOptions {
  /** Those of the program; the copy must have the first of them, or all. */
  readonly migrations: readonly string[];
  /** Waits while the old file stays locked. Default: 6 s, 1 s longer than its openers wait. */
  readonly waitLocked?: () => Promise<void>;
}

/** SQLite keeps these beside a database that is in use, or was when its process died. */
const logSuffixes = ["-wal", "-journal"] as const;

/**
 * Replaces the database at `path` with `copy`. Whenever the process is killed, there is a complete
 * database under that name: the old or the new one. Run it in a separate process, whose event loop
 * it blocks.
 *
 * @returns the path at which the old database is kept; undefined if there was none
 * @throws {RestoreError} if the restore failed; it changes nothing and leaves no file behind
 */
export async function restoreSqlite(
  path: string,
  copy: string,
  { migrations, waitLocked = () => Bun.sleep(defaultLockTimeoutMs + 1000) }: RestoreOptions,
): Promise<string | undefined> {
  const target = await realpath(path).catch(() => resolve(path));
  const temporary = temporaryName(target);
  try {
    const old = await statsOf(target);
    const source = await findCopy(copy, old);
    await makeFolder(dirname(target));
    if (old) await access(target, constants.W_OK);
    // SQLite deletes the WAL of an empty database, and it may be all that is left of the data.
    if (!old?.size) await refuseLogs(target, "put its database back, or move it away");

    using lock = old ? lockExclusively(target) : undefined;
    if (lock) await removeTemporaries(target);
    await copyFile(source, temporary, old);
    await verifyBackup(temporary, migrations);
    await flush(temporary);
    if (!lock) {
      await renameNoReplace(temporary, target);
      await flush(dirname(target));
      return undefined;
    }
    const kept = `${target}.before-restore-${fileTimestamp(new Date())}`;
    replace(target, temporary, kept);
    await flush(dirname(target));
    // A process that opened the old inode before the rename would find the new database's WAL under
    // its name and corrupt it. Keep the old file locked until such a process has timed out.
    await waitLocked();
    return kept;
  } catch (error) {
    const reason = reasonFor(error).replaceAll(temporary, copy).replaceAll("\n", " ");
    throw new RestoreError(`Cannot restore "${copy}" to "${path}": ${reason}`, { cause: error });
  } finally {
    for (const suffix of ["", "-shm", ...logSuffixes]) await remove(temporary + suffix);
  }
}

function reasonFor(error: unknown): string {
  if (!hasErrno(error, "EPERM", "EACCES")) return operatorReason(error);
  return `${operatorReason(error).replace(/;.*/, "")}; run this as the owner of the database`;
}

/** The properties of a regular file; undefined if the name is free. */
async function statsOf(path: string): Promise<Stats | undefined> {
  if (!(await isTaken(path))) return undefined;
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error(`"${path}" is not a file; name a file`);
  return stats;
}

async function findCopy(copy: string, old: Stats | undefined): Promise<string> {
  const path = await realpath(copy).catch(() => resolve(copy));
  const stats = await statsOf(path);
  if (!stats) throw new Error("there is no such file; check the path");
  if (stats.dev === old?.dev && stats.ino === old.ino) {
    throw new Error("it is the database itself; name a copy of it");
  }
  await refuseLogs(
    path,
    "the copy is in use, or incomplete without that file; make one with `backup`",
  );
  return path;
}

/** Refuses a database with a log beside it: parted from that, it would lack its last commits. */
async function refuseLogs(path: string, advice: string): Promise<void> {
  for (const suffix of logSuffixes) {
    const log = path + suffix;
    if (await isTaken(log)) throw new Error(`there is "${log}"; ${advice}`);
  }
}

/** Removes the temporary files of killed restores. Call it with the lock: none is running then. */
async function removeTemporaries(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (finalName(name) === basename(target)) await remove(join(dirname(target), name));
  }
}

/**
 * Copies with the owner and the mode of the old database. If there is none, the new database is
 * readable only for users that can read the copy.
 */
async function copyFile(path: string, to: string, old?: Stats): Promise<void> {
  const mode = old ? 0o600 : ((await stat(path)).mode & 0o777) | 0o600;
  await writeFile(to, createReadStream(path), { flag: "wx", mode });
  if (!old) return;
  const made = await stat(to);
  if (made.uid !== old.uid || made.gid !== old.gid) await chown(to, old.uid, old.gid);
  await chmod(to, old.mode & 0o777);
}

/**
 * Keeps the old database under the name `kept` and renames the new one in one step. Must not open
 * and close the old file, which would drop its lock.
 */
function replace(target: string, temporary: string, kept: string): void {
  try {
    linkSync(target, kept);
  } catch (error) {
    throw new Error(
      `the old database cannot be kept beside the new one (${errorMessage(error)}); move it away`,
      { cause: error },
    );
  }
  for (const suffix of logSuffixes) {
    // SQLite removed the logs with the lock, unless it could not read the damaged database.
    if (existsSync(target + suffix)) renameSync(target + suffix, kept + suffix);
  }
  rmSync(`${target}-shm`, { force: true });
  renameSync(temporary, target);
}
