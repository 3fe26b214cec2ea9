// Runs a script of package.json, `"NAME": "bun scripts/run.ts COMMAND..."`: prints help on --help,
// refuses any other version of Bun, and installs the dependencies first. COMMAND may also be names of
// scripts, which then run one after the other.
import manifest from "../package.json" with { type: "json" };

interface Help {
  readonly does: string;
  readonly takes: string;
  /** The command has options, and prints them on --help. */
  readonly hasOptions?: true;
}

type Name = keyof typeof manifest.scripts;

const help: Readonly<Record<Name, Help>> = {
  dev: {
    does: "Starts all services from source, restarts them on change, and shows their logs",
    takes: "two seconds until they are ready; it runs until Ctrl-C",
    hasOptions: true,
  },
  test: {
    does: "Runs all tests; arguments go to bun test, as in: bun run test shared/test/http",
    takes: "about a minute",
  },
  "test:faults": {
    does: "Injects every fault; with names of folders, those of faults/NAME alone",
    takes: "most of an hour",
  },
  "test:faults:fast": {
    does: "Injects every kind of fault, less often; takes names of folders as test:faults does",
    takes: "about twelve minutes",
  },
  check: {
    does: "Checks types, format, lint rules, unused code and workflows; stops at the first failure",
    takes: "5 to 20 seconds",
  },
  "check:types": { does: "Checks the types of all TypeScript", takes: "1 to 5 seconds" },
  "check:format": { does: "Lists the files that are not formatted", takes: "a second" },
  "check:lint": {
    does: "Applies the lint rules, some of which need types",
    takes: "2 to 15 seconds",
  },
  "check:unused": {
    does: "Lists unused files, exports and dependencies",
    takes: "1 to 5 seconds",
  },
  "check:workflows": {
    does: "Checks the GitHub workflows by GitHub's rules and ours",
    takes: "a second",
  },
  format: { does: "Formats all files in place", takes: "a second" },
  build: {
    does: "Compiles each service into one executable, in dist/",
    takes: "five seconds",
    hasOptions: true,
  },
  bench: {
    does: "Measures the executables beside other implementations of the same services",
    takes: "some fifty minutes, or two with --quick",
    hasOptions: true,
  },
  "e2e:compose": {
    does: "Builds the images and tests the compose project end to end; needs docker and curl",
    takes: "one to three minutes",
  },
  "e2e:kind": {
    does: "Tests the manifests on a kind cluster, whose name is the argument; needs docker, kind, kubectl",
    takes: "about five minutes",
  },
  "e2e:load": {
    does: "Sends requests to both services, at the URLs given or those of bun run dev, and counts failures",
    takes: "until Ctrl-C",
  },
  release: {
    does: "Writes a new version into every file that names it",
    takes: "a second",
    hasOptions: true,
  },
};

const isName = (text: string): text is Name => text in help;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Runs a command to its end. @returns its exit status */
function run(command: readonly string[]): number {
  const { exitCode, signalCode } = Bun.spawnSync([...command], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  return signalCode === undefined ? exitCode : 1;
}

/** Continues as the command, so that a signal meets one process and not two. */
function become(command: readonly string[]): never {
  const file = Bun.which(command[0] ?? "") ?? fail(`Cannot find the program ${command[0]}`);
  process.execve?.(file, command, process.env);
  // Only Windows has no execve.
  process.exit(run(command));
}

function runInTurn(names: readonly Name[]): void {
  for (const name of names) {
    console.error(`${name}: ${help[name].does}`);
    const startedAt = performance.now();
    const status = run(manifest.scripts[name].split(" ").slice(2));
    const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    if (status !== 0) fail(`${name}: FAILED, ${took}`);
    console.error(`${name}: ok, ${took}\n`);
  }
}

const name = process.env["npm_lifecycle_event"] ?? "";
if (!isName(name)) fail("Usage: bun run NAME, where NAME is a script of package.json");

const needed = manifest.engines.bun;
if (Bun.version !== needed) {
  fail(
    `This project needs Bun ${needed}, and this is Bun ${Bun.version}. Run instead:\n\n` +
      `  npx -y bun@${needed} run ${name}\n`,
  );
}

const words = process.argv.slice(2);
if (words.includes("--help")) {
  console.log(`bun run ${name}: ${help[name].does}.\nIt takes ${help[name].takes}.`);
  if (!help[name].hasOptions) process.exit();
  console.log();
}
// Prints nothing where nothing is missing, which takes 10 ms to find out.
const status = run([process.execPath, "install", "--frozen-lockfile", "--no-summary"]);
if (status !== 0) process.exit(status);
if (words.every(isName)) runInTurn(words);
else become(words);
