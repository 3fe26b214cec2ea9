// `bun run build`: each service as one executable in dist/, for this machine or another.
import { rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { $ } from "bun";
import manifest from "../package.json" with { type: "json" };
import { services } from "./services.ts";

// No linux-x64-baseline: since Bun 1.4 it is the same file as linux-x64, which needs no AVX2.
const targets = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;

type Target = (typeof targets)[number];

const root = resolve(import.meta.dir, "..");

function refuse(reason: string): never {
  console.error(`${reason}\nUsage: bun run build [--target ${targets.join("|")}]`);
  process.exit(2);
}

function readArguments(): { target?: string } {
  try {
    return parseArgs({ options: { target: { type: "string" } } }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** The target asked for, or undefined for this machine. */
function readTarget(): Target | undefined {
  const { target } = readArguments();
  const known = targets.find((name) => name === target);
  return target === known ? known : refuse(`Cannot build for target "${target}"`);
}

async function readCommit(): Promise<string> {
  if (process.env["BUILD_COMMIT"]) return process.env["BUILD_COMMIT"];
  // Neither git nor a repository is there in a container build or an unpacked archive.
  const { exitCode, stdout } = await $`git rev-parse --short=12 HEAD`.cwd(root).quiet().nothrow();
  return exitCode === 0 ? stdout.toString().trim() : "unknown";
}

async function build(service: string, commit: string, target: Target | undefined): Promise<string> {
  const outfile = join(root, "dist", target === undefined ? service : `${service}-${target}`);
  await Bun.build({
    entrypoints: [join(root, service, "src/main.ts")],
    compile: {
      outfile,
      ...(target === undefined ? {} : { target: `bun-${target}` }),
      // An executable takes nothing from the folder it happens to be started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    format: "esm",
    minify: true,
    bytecode: true,
    sourcemap: "inline",
    define: {
      "process.env.NODE_ENV": '"production"',
      BUILD_VERSION: JSON.stringify(manifest.version),
      BUILD_COMMIT: JSON.stringify(commit),
    },
  });
  // The executable has its source map inside; the one beside it is a copy.
  await rm(`${outfile}.map`, { force: true });
  return outfile;
}

const target = readTarget();
const commit = await readCommit();
for (const { name: service } of services) {
  try {
    const outfile = await build(service, commit, target);
    const megabytes = (Bun.file(outfile).size / 1e6).toFixed(1);
    console.log(`${relative(root, outfile)}  ${manifest.version} (${commit})  ${megabytes} MB`);
  } catch (error) {
    console.error(`Cannot build ${service}`);
    // One entry per fault, which Bun shows with the line of source it is in.
    const faults: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const fault of faults) console.error(fault);
    process.exitCode = 1;
  }
}
