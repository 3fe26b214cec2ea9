// How the reader of a script's output starts Bun.
import { delimiter } from "node:path";

/** Folders that npx and `bun run` put before the reader's PATH, for the time of one command. */
const isOfRunner = (folder: string) => /[\\/](?:node_modules[\\/]\.bin$|bun-node-)/.test(folder);

/**
 * The command for suggestions: `bun` where the reader's shell finds this version of it, and else npx
 * with this version.
 */
export function bunCommand(path = process.env["PATH"] ?? ""): string {
  const folders = path.split(delimiter).filter((folder) => !isOfRunner(folder));
  const found = Bun.which("bun", { PATH: folders.join(delimiter) });
  const version =
    found === null ? "" : Bun.spawnSync([found, "--version"], { stderr: "ignore" }).stdout;
  return version.toString().trim() === Bun.version ? "bun" : `npx -y bun@${Bun.version}`;
}
