// A disk so small that a test can fill it. Mounting it needs root, or a mount namespace.
import { closeSync, openSync, writeSync } from "node:fs";
import { rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { hasErrno } from "../../shared/src/core/errno.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

function run(command: readonly string[], purpose: string): void {
  const { success, stderr } = Bun.spawnSync([...command]);
  if (success) return;
  throw new Error(
    `Cannot ${purpose}: ${stderr.toString().trim()}; run this as root, or after ` +
      '"unshare --map-root-user --mount"',
  );
}

function writeUntilFull(path: string): void {
  const zeros = new Uint8Array(65_536);
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, zeros);
  } catch (error) {
    if (!hasErrno(error, "ENOSPC")) throw error;
  } finally {
    closeSync(file);
  }
}

/** Mounts an empty disk; disposing unmounts it. */
export async function smallDisk(mebibytes: number) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryFolder());
  const filler = join(path, "filler");
  const size = `size=${mebibytes}m`;
  run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", path], "mount a small disk");
  stack.defer(() => run(["umount", path], "unmount the small disk"));
  const mounted = stack.move();
  return {
    path,
    /** Fills the disk, but for `bytesLeft`. */
    async fill(bytesLeft = 0) {
      writeUntilFull(filler);
      const { size } = await stat(filler);
      await truncate(filler, size - bytesLeft);
    },
    /** Frees the room that `fill` took. */
    free: () => rm(filler),
    /** Remounts the disk read-only. No file may be open for writing. */
    protect: () => run(["mount", "-o", "remount,ro", path], "make the small disk read-only"),
    [Symbol.asyncDispose]: () => mounted.disposeAsync(),
  };
}
