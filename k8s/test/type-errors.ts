// What TypeScript says of code that a test writes.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { $ } from "bun";

const root = resolve(import.meta.dir, "../..");

/** Below node_modules tsc finds the packages, and no tsconfig.json above applies. */
const cache = join(root, "node_modules/.cache");

const compilerOptions = {
  strict: true,
  noEmit: true,
  types: [],
  module: "preserve",
  allowImportingTsExtensions: true,
  // Of some packages only the files that the code needs are there.
  skipLibCheck: true,
};

/**
 * Compiles modules together.
 *
 * @param files the code of each, by the name of its file
 * @returns the errors of each file that has any
 * @throws Error if tsc fails for another reason
 */
export async function typeErrors(
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "type-errors-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true }));
  for (const [name, code] of files) await Bun.write(join(folder, name), `export {};\n${code}`);
  await Bun.write(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));

  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const run = $`${process.execPath} ${tsc} --pretty false`.cwd(folder).quiet().nothrow();
  const { exitCode, stdout, stderr } = await run;
  const errors = new Map<string, string[]>();
  let file = "";
  for (const line of stdout.toString().split("\n").filter(Boolean)) {
    // An indented line belongs to the error before it.
    file = /^(\S+?)\(/.exec(line)?.[1] ?? file;
    errors.set(file, [...(errors.get(file) ?? []), line]);
  }
  const isExplained = [...errors.keys()].every((name) => files.has(name));
  if (!isExplained || (exitCode !== 0 && errors.size === 0)) {
    throw new Error(`tsc ended with ${exitCode}: ${stdout.toString()}${stderr.toString()}`);
  }
  return errors;
}
