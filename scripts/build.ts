// `bun run build`: compiles each service into one executable in dist/, for this machine or another.
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { $ } from "bun";
import manifest from "../package.json" with { type: "json" };
import { errnoReason } from "../shared/src/core/errno.ts";
import { errorMessage } from "../shared/src/core/error-message.ts";
import { readArguments, refuse } from "./arguments.ts";
import { bundleOptions } from "./bundle.ts";
import { root } from "./root.ts";
import { installRuntime } from "./runtime.ts";
import { serviceNames } from "./services.ts";
import { targets } from "./targets.ts";

const usage = `Usage: bun run build [--target TARGET] [--outdir FOLDER] [SERVICE...]

  --target TARGET  the machine to build for: ${targets.join(", ")}
                   Its Bun is the one in scripts/runtimes/bun.lock. Default: this machine and this Bun
  --outdir FOLDER  where to write each service under its bare name, instead of dist/
`;

async function readCommit(): Promise<string> {
  if (process.env["BUILD_COMMIT"]) return process.env["BUILD_COMMIT"];
  // A container build and an unpacked archive have neither git nor a repository.
  const { exitCode, stdout } = await $`git rev-parse --short=12 HEAD`.cwd(root).quiet().nothrow();
  return exitCode === 0 ? stdout.toString().trim() : "unknown";
}

const { values, positionals } = readArguments(usage, {
  allowPositionals: true,
  options: { target: { type: "string" }, outdir: { type: "string" } },
});

const target = targets.find((name) => name === values.target);
if (target !== values.target) refuse(`Cannot build for target "${values.target}"`, usage);

const unknown = positionals.find((name) => !serviceNames.includes(name));
if (unknown !== undefined) {
  refuse(`Cannot build "${unknown}": it is none of ${serviceNames.join(", ")}`, usage);
}

const outdir = resolve(values.outdir ?? join(root, "dist"));
const commit = await readCommit();
// An executable for another target cannot be started here; with --outdir it is for a test or an image.
const isMeasured = target === undefined && values.outdir === undefined;

// Source maps hold paths relative to the current folder. With the root as that folder, stack traces are
// the same wherever an executable was built.
process.chdir(root);

async function build(service: string): Promise<string> {
  const isOneOfMany = target !== undefined && values.outdir === undefined;
  const outfile = join(outdir, isOneOfMany ? `${service}-${target}` : service);
  // Linux cannot run a file that is being written (ETXTBSY): until the rename, a start gets the old one.
  // The executable contains its file's name, so only the folder may have a name that differs each time.
  await mkdir(outdir, { recursive: true });
  const unfinished = await mkdtemp(join(outdir, ".build-"));
  try {
    await Bun.build({
      ...bundleOptions(service, commit),
      compile: {
        outfile: join(unfinished, service),
        ...(target === undefined
          ? {}
          : { target: `bun-${target}`, executablePath: await installRuntime(target) }),
        // An executable reads no configuration of Bun's from the folder in which it is started.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadPackageJson: false,
        autoloadTsconfig: false,
      },
      // Not minified: Elysia reads the source of hooks, and treats a minified hook that calls a function
      // as asynchronous. A GET would take a fifth longer, and minifying saves 1 MB of 119.
      bytecode: true,
      sourcemap: "inline",
    });
    // Beside the executable, which contains its source map, Bun leaves copies of the map.
    await rename(join(unfinished, service), outfile);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return outfile;
}

/** Milliseconds from the start of a service's process to its first 200; the median of nine starts. */
async function coldStartMs(executable: string): Promise<number> {
  // Imported here, since an image is built without these folders.
  const { startServer } = await import("../bench/tools/server.ts");
  const { median } = await import("../bench/tools/numbers.ts");
  const { temporaryFolder } = await import("../shared/testing/temporary-folder.ts");
  const times: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    using folder = temporaryFolder();
    const options = { name: "service", folder: folder.path, env: {} };
    await using server = await startServer([executable], options);
    times.push(server.startMs);
  }
  return Math.round(median(times));
}

for (const service of positionals.length > 0 ? positionals : serviceNames) {
  try {
    const outfile = await build(service);
    const megabytes = (Bun.file(outfile).size / 1e6).toFixed(1);
    const figures = [`${manifest.version} (${commit})`, `${megabytes} MB`];
    if (isMeasured) figures.push(`first response after ${await coldStartMs(outfile)} ms`);
    console.log([relative(root, outfile), ...figures].join("  "));
  } catch (error) {
    process.exitCode = 1;
    if (errnoReason(error) !== undefined) {
      console.error(`Cannot build ${service} in ${outdir}: ${errorMessage(error)}`);
      continue;
    }
    console.error(`Cannot build ${service}`);
    // Of an AggregateError, Bun prints each error with its line of source.
    console.error(error);
  }
}
