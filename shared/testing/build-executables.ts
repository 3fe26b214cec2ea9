// Builds the executables for the tests that start them.
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");

/** The folder of the executables. */
export const executables = join(root, "dist/test");

/** The commit that the executables report as theirs. */
export const testCommit = "test";

/**
 * Builds each service, so that none is older than its source. A test run beside this one replaces each
 * file whole, by a newer one.
 *
 * @throws Error with what the build printed if it fails
 */
export async function buildExecutables(): Promise<void> {
  console.error("Building the executables for the tests that start them");
  const build = Bun.spawn([process.execPath, "scripts/build.ts", "--outdir", executables], {
    cwd: root,
    env: { ...process.env, BUILD_COMMIT: testCommit },
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await build.stderr.text();
  if ((await build.exited) !== 0) throw new Error(`Cannot build the executables: ${stderr}`);
}
