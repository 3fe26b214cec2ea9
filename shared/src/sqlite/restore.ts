// Puts a backup in the place of a database that nobody uses.
import {
  constants,
  createReadStream,
  createWriteStream,
  linkSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { access, chmod, chown, lstat, mkdir, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  fileTimestamp,
  finishedName,
  flush,
  renameNoReplace,
  remove,
  temporaryName,
} from "./durable-file.ts";
import { hasErrno } from "../core/errno.ts";
import { isDiskFull } from "./errors.ts";
import { lockExclusively } from "./exclusive-lock.ts";
import { errorMessage } from "../core/error-message.ts";
import { defaultLockTimeoutMs, pause } from "./lock.ts";
import { verifyBackup } from "./verify-backup.ts";

/** A copy could not be restored; one line for the operator, which names files: not for clients. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
}

/** How to restore. */
export interface RestoreOptions {
  /** The program's, of which the copy must have had the first or all. */
  readonly migrations: readonly string[];
  readonly now?: Date;
  /** How long whoever opened the former file before it was replaced is kept out. Default: 6000. */
  readonly settleMs?: number;
}

interface FoundFile {
  readonly path: string;
  readonly facts: Stats;
}

/** What SQLite keeps beside a database that is in use, or was when its process died. */
const logs = ["-wal", "-journal"] as const;

/**
 * Puts `copy` in the place of the database at `path`. There is a whole database under that name at
 * every moment, the former or the new one, whenever the process is killed. Meant for a process of its
 * own.
 *
 * @returns where the former database is now, if there was one
 * @throws {RestoreError} if that is impossible; nothing is changed and nothing left behind then
 */
export async function restoreSqlite(
  path: string,
  copy: string,
  { migrations, now = new Date(), settleMs = defaultLockTimeoutMs + 1000 }: RestoreOptions,
): Promise<string | undefined> {
  const target = await realpath(path).catch(() => resolve(path));
  const temporary = temporaryName(target);
  try {
    const former = await factsOf(target);
    const source = await findCopy(copy, former);
    await mkdir(dirname(target), { recursive: true });
    if (former) await access(target, constants.W_OK);
    // SQLite would delete it, and it may be all that is left.
    if (!former?.size) await refuseLogs(target, "put its database back, or move it away");

    using lock = former ? lockExclusively(target) : undefined;
    if (lock) await removeUnfinished(target);
    await copyFile(source, temporary, former);
    await verifyBackup(temporary, migrations);
    await flush(temporary);
    if (!lock) {
      await renameNoReplace(temporary, target);
      await flush(dirname(target));
      return undefined;
    }
    const kept = `${target}.before-restore-${fileTimestamp(now)}`;
    replace(target, temporary, kept);
    await flush(dirname(target));
    // Who opened the former file under its old name would, let in now, take the new one's log for
    // its own. So it waits for the lock until it gives up.
    await pause(settleMs);
    return kept;
  } catch (error) {
    const reason = reasonFor(error).replaceAll(temporary, copy).replaceAll("\n", " ");
    throw new RestoreError(`Cannot restore "${copy}" to "${path}": ${reason}`, { cause: error });
  } finally {
    for (const suffix of ["", "-shm", ...logs]) await remove(temporary + suffix);
  }
}

function reasonFor(error: unknown): string {
  if (isDiskFull(error)) return "the disk is full; make room";
  if (hasErrno(error, "EPERM", "EACCES")) {
    return `${errorMessage(error)}; run this as the user whom the database belongs to`;
  }
  return errorMessage(error);
}

/** The facts of a file, or undefined if the name is free. */
async function factsOf(path: string): Promise<Stats | undefined> {
  const isTaken = await lstat(path).catch(() => undefined);
  if (!isTaken) return undefined;
  const facts = await stat(path);
  if (!facts.isFile()) throw new Error(`"${path}" is no file; name one`);
  return facts;
}

async function findCopy(copy: string, former: Stats | undefined): Promise<FoundFile> {
  const path = await realpath(copy).catch(() => resolve(copy));
  const facts = await factsOf(path);
  if (!facts) throw new Error("there is no such file; check the path");
  if (facts.dev === former?.dev && facts.ino === former.ino) {
    throw new Error("it is the database itself; name a copy of it");
  }
  await refuseLogs(path, "the copy is in use, or not whole without it; make one by `backup`");
  return { path, facts };
}

/** What is in a log belongs to the file beside it, which is another one in a moment. */
async function refuseLogs(path: string, advice: string): Promise<void> {
  for (const suffix of logs) {
    const found = await lstat(path + suffix).catch(() => undefined);
    if (found) throw new Error(`there is "${path}${suffix}"; ${advice}`);
  }
}

/** Removes what restores left that were killed; with the lock, none is at work. */
async function removeUnfinished(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (finishedName(name) === basename(target)) await remove(join(dirname(target), name));
  }
}

/** Copies with the rights and the owner of the former file, and none beyond the copy's without one. */
async function copyFile({ path, facts }: FoundFile, to: string, former?: Stats): Promise<void> {
  const mode = former ? 0o600 : (facts.mode & 0o777) | 0o600;
  const { pipeline } = await import("node:stream/promises"); // nothing that serves needs it
  await pipeline(createReadStream(path), createWriteStream(to, { flags: "wx", mode }));
  if (!former) return;
  const made = await stat(to);
  if (made.uid !== former.uid || made.gid !== former.gid) await chown(to, former.uid, former.gid);
  await chmod(to, former.mode & 0o777);
}

/** Swaps the files in one instant; nothing here may open the former, which would unlock it. */
function replace(target: string, temporary: string, kept: string): void {
  try {
    linkSync(target, kept);
  } catch (error) {
    throw new Error(
      `the former database cannot be kept beside it (${errorMessage(error)}); move it away`,
      {
        cause: error,
      },
    );
  }
  for (const suffix of logs) {
    // Left only by a database that is damaged beyond SQLite's reading.
    try {
      renameSync(target + suffix, kept + suffix);
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw error;
    }
  }
  rmSync(`${target}-shm`, { force: true });
  renameSync(temporary, target);
}
