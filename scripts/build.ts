// `bun run build`: each service as one executable in dist/, for this machine or another.
import { rename, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { $ } from "bun";
import manifest from "../package.json" with { type: "json" };
import { coldStartMs } from "./cold-start.ts";
import { services } from "./services.ts";

/** Bun's names of them. In Bun 1.4 linux-x64 needs no AVX2 either, and equals its baseline. */
const targets = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;

const usage = `Usage: bun run build [--target TARGET] [--outdir FOLDER] [SERVICE...]

  --target TARGET  the machine to build for, if not this one: ${targets.join(", ")}
  --outdir FOLDER  where to write each service under its bare name, instead of dist/
`;

const root = resolve(import.meta.dir, "..");

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { target: { type: "string" }, outdir: { type: "string" } },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

async function readCommit(): Promise<string> {
  if (process.env["BUILD_COMMIT"]) return process.env["BUILD_COMMIT"];
  // Neither git nor a repository is there in a container build or an unpacked archive.
  const { exitCode, stdout } = await $`git rev-parse --short=12 HEAD`.cwd(root).quiet().nothrow();
  return exitCode === 0 ? stdout.toString().trim() : "unknown";
}

const { values, positionals } = readArguments();

const target = targets.find((name) => name === values.target);
if (target !== values.target) refuse(`Cannot build for target "${values.target}"`);

const names = services.map(({ name }) => name);
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) refuse(`Cannot build "${unknown}": it is none of ${names.join(", ")}`);

const outdir = resolve(values.outdir ?? join(root, "dist"));
const commit = await readCommit();
// Another machine's executable cannot be started here; one that goes elsewhere is for a test or an image.
const isMeasured = target === undefined && values.outdir === undefined;

// Source maps name files as seen from here: stacks then read the same wherever it was built.
process.chdir(root);

async function build(service: string): Promise<string> {
  const isOneOfMany = target !== undefined && values.outdir === undefined;
  const outfile = join(outdir, isOneOfMany ? `${service}-${target}` : service);
  // Whoever starts it meanwhile gets the former one: a file that is being written cannot be run.
  const unfinished = `${outfile}.${process.pid}.tmp`;
  await Bun.build({
    entrypoints: [join(root, service, "src/main.ts")],
    compile: {
      outfile: unfinished,
      ...(target === undefined ? {} : { target: `bun-${target}` }),
      // An executable takes nothing from the folder it happens to be started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadPackageJson: false,
      autoloadTsconfig: false,
    },
    format: "esm",
    // Not minified: Elysia reads the source of hooks, and takes minified ones that call a function for
    // asynchronous. A GET would take a fifth longer, for 1 MB of 119.
    bytecode: true,
    sourcemap: "inline",
    define: {
      "process.env.NODE_ENV": '"production"',
      BUILD_VERSION: JSON.stringify(manifest.version),
      BUILD_COMMIT: JSON.stringify(commit),
    },
  });
  // The executable has its source map inside; the one beside it is a copy.
  await rm(`${unfinished}.map`, { force: true });
  await rename(unfinished, outfile);
  return outfile;
}

for (const service of positionals.length > 0 ? positionals : names) {
  try {
    const outfile = await build(service);
    const megabytes = (Bun.file(outfile).size / 1e6).toFixed(1);
    const figures = [`${manifest.version} (${commit})`, `${megabytes} MB`];
    if (isMeasured) figures.push(`first answer after ${await coldStartMs(outfile)} ms`);
    console.log([relative(root, outfile), ...figures].join("  "));
  } catch (error) {
    console.error(`Cannot build ${service}`);
    // One entry per fault, which Bun shows with the line of source it is in.
    const faults: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const fault of faults) console.error(fault);
    process.exitCode = 1;
  }
}
