// Files that appear under their name whole, and stay there when the power goes.
import { link, open, rename, rm } from "node:fs/promises";
import { hasErrno } from "../core/errno.ts";

/** A name for a file until it is whole; who is killed leaves it, and whoever sees it can tell. */
export function temporaryName(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}

const unfinishedEnding = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp(?:-[a-z]+)?$/;

/** What an unfinished file, or one that SQLite had beside it, was to become; else undefined. */
export function finishedName(name: string): string | undefined {
  return unfinishedEnding.test(name) ? name.replace(unfinishedEnding, "") : undefined;
}

/** A moment as a part of a file name, which sorts by age: `20261122T180000.000Z`. */
export function fileTimestamp(moment: Date): string {
  return moment.toISOString().replaceAll(/[-:]/g, "");
}

/** Puts a file or folder on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a file if it is there; a failure must not hide the reason for cleaning up. */
export async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** Renames onto a name that must be free. */
export async function renameNoReplace(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (hasErrno(error, "EEXIST")) throw wasMadeMeanwhile(error);
    await claimAndRename(from, to);
    return;
  }
  await remove(from);
}

/** For file systems without hard links; who is killed half-way leaves an empty file. */
async function claimAndRename(from: string, to: string): Promise<void> {
  const claim = await open(to, "wx").catch((error: unknown) => {
    throw hasErrno(error, "EEXIST") ? wasMadeMeanwhile(error) : error;
  });
  await claim.close();
  try {
    await rename(from, to);
  } catch (error) {
    await remove(to);
    throw error;
  }
}

function wasMadeMeanwhile(cause: unknown): Error {
  return new Error("the target was made by another program meanwhile", { cause });
}
