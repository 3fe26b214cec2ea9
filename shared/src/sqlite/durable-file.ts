// Files that appear under their name complete, and survive a power failure.
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoReason, hasErrno } from "../core/errno.ts";

/** A name for a file while it is incomplete. If a killed process leaves it, its ending shows so. */
export function temporaryName(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}

const temporaryEnding = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp(?:-[a-z]+)?$/;

/** The final name of a temporary file or of SQLite's files beside it; undefined for other files. */
export function finalName(name: string): string | undefined {
  return temporaryEnding.test(name) ? name.replace(temporaryEnding, "") : undefined;
}

/** A time as a part of file names, which then sort by age: `20261122T180000.000Z`. */
export function fileTimestamp(moment: Date): string {
  return moment.toISOString().replaceAll(/[-:]/g, "");
}

/** Whether a file, a folder or a symbolic link has this name. */
export async function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Waits until a file's contents, or a folder's entries, are on the disk (fsync). */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and the missing ones above it, all on the disk when it resolves.
 *
 * @param path absolute
 * @throws Error whose message is for the operator
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) {
      await flush(dirname(made));
    }
  } catch (cause) {
    const reason = errnoReason(cause);
    if (reason === undefined) throw cause;
    const what = `its folder cannot be made (${reason.cause}: "${path}")`;
    throw new Error(`${what}; ${reason.remedy}`, { cause });
  }
}

/** Removes a file if it exists. Ignores a failure, which would hide the error that led here. */
export async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/**
 * Renames a file, and never replaces another one.
 *
 * @throws Error if a file has the new name
 */
export async function renameNoReplace(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (hasErrno(error, "EEXIST")) throw madeMeanwhile(error);
    await claimAndRename(from, to);
    return;
  }
  await remove(from);
}

/** For file systems without hard links. A process killed half-way leaves an empty file. */
async function claimAndRename(from: string, to: string): Promise<void> {
  const claim = await open(to, "wx").catch((error: unknown) => {
    throw hasErrno(error, "EEXIST") ? madeMeanwhile(error) : error;
  });
  await claim.close();
  try {
    await rename(from, to);
  } catch (error) {
    await remove(to);
    throw error;
  }
}

function madeMeanwhile(cause: unknown): Error {
  return new Error("another program has made the target meanwhile", { cause });
}
