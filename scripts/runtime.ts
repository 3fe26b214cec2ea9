// The Bun in an executable, from the packages that scripts/runtimes/bun.lock names by their hashes.
import { join } from "node:path";
import { $ } from "bun";
import { root } from "./root.ts";
import type { Target } from "./targets.ts";

/** The package on npm that is the Bun of a target. */
export const runtimePackage = (target: Target): string =>
  `@oven/bun-${target.replace("arm64", "aarch64")}`;

/**
 * Installs the Bun of a target and no other, some 40 MB, unless it is installed. Without a path,
 * `Bun.build()` downloads the same package and checks no hash.
 *
 * @param folder has package.json and bun.lock
 * @returns the path of the binary
 * @throws Error if Bun cannot be downloaded, or is another than bun.lock names
 */
export async function installRuntime(
  target: Target,
  folder = join(root, "scripts/runtimes"),
): Promise<string> {
  const [os, cpu, libc = os === "linux" ? "glibc" : "*"] = target.split("-");
  const modules = join(folder, "node_modules");
  const install = $`${process.execPath} install --frozen-lockfile --no-summary --os=${os} --cpu=${cpu} --libc=${libc}`;
  // Bun compares hashes when it downloads, and trusts what is in its cache, which other projects fill too.
  const env = { ...process.env, BUN_INSTALL_CACHE_DIR: join(modules, ".cache") };
  const { exitCode, stderr } = await install.env(env).cwd(folder).quiet().nothrow();
  const binary = join(modules, runtimePackage(target), "bin/bun");
  // The packages are optional, and Bun's status is 0 after a download of such a package that has failed.
  if (exitCode !== 0 || !(await Bun.file(binary).exists())) {
    throw new Error(`Cannot install ${runtimePackage(target)}:\n${stderr.toString().trim()}`);
  }
  return binary;
}
