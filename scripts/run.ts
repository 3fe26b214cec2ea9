// Runs a script of package.json, `"NAME": "bun scripts/run.ts COMMAND..."`: prints help on --help,
// refuses any other version of Bun, and installs the dependencies first. COMMAND may also be names of
// scripts, which then run one after the other.
import manifest from "../package.json" with { type: "json" };

type Name = keyof typeof manifest.scripts;

/** What each script does, and on the second line how long it takes. */
const help: Readonly<Record<Name, string>> = {
  dev: `Starts all services from source, restarts them on change, and shows their logs.
It takes two seconds until they are ready; it runs until Ctrl-C.`,
  "dev:token": `Prints a token for the services that bun run dev --auth has started.
It takes a tenth of a second.`,
  test: `Runs all tests; arguments go to bun test, as in: bun run test shared/test/http.
It takes two to six minutes on two cores.`,
  "test:faults": `Injects every fault; with names of folders, those of faults/NAME alone.
It takes most of an hour.`,
  "test:faults:fast": `Injects every kind of fault, less often; takes folders as test:faults does.
It takes about twelve minutes.`,
  "test:openapi": `Lints the API documents, and calls both services with generated clients.
It takes 15 seconds, and some more the first time.`,
  check: `Checks types, format, lint, unused code, workflows and the API; stops at the first failure.
It takes 5 to 20 seconds.`,
  "check:types": `Checks the types of all TypeScript.
It takes 1 to 5 seconds.`,
  "check:format": `Lists the files that are not formatted.
It takes a second.`,
  "check:lint": `Applies the lint rules, some of which need types.
It takes 2 to 15 seconds.`,
  "check:unused": `Lists unused files, exports and dependencies.
It takes 1 to 5 seconds.`,
  "check:workflows": `Checks the GitHub workflows by GitHub's rules and ours.
It takes a second.`,
  "check:reproducible": `Builds both services twice and compares the executables; --image compares an image too.
It takes 10 seconds, or 40 with --image.`,
  "check:api": `Lists what changed in the API since the last release, and fails if clients break.
It takes a second.`,
  format: `Formats all files in place.
It takes a second.`,
  build: `Compiles each service into one executable, in dist/.
It takes five seconds.`,
  bench: `Measures the executables beside other implementations of the same services.
It takes some eighty minutes, or two with --quick.`,
  "e2e:compose": `Builds the images and tests the compose project end to end; needs docker and curl.
It takes one to three minutes.`,
  "e2e:kind": `Tests the manifests and deploy.sh on the kind cluster named; needs docker, kind and kubectl.
It takes about eight minutes.`,
  "e2e:load": `Sends requests to both services, at the URLs given or those of bun run dev.
It takes until Ctrl-C, and then prints how many requests failed.`,
  release: `Makes the commit and the tag of a release, and pushes neither.
It takes a second.`,
  "release:check": `Checks in the Release workflow whether a tag may be released.
It takes as long as CI/CD takes for the commit.`,
  "release:build": `Makes the files of a release, in dist/release/; needs kubectl.
It takes two minutes.`,
  "release:publish": `Publishes dist/release/ on GitHub, and names the images by the version.
It takes two minutes.`,
};

/** The scripts that have options, which they list themselves. */
const withOptions = ["dev", "dev:token", "build", "bench", "release"];

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
    console.error(`${name}: ${help[name].replace(/\n.*/, "")}`);
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
  console.log(`bun run ${name}: ${help[name]}`);
  if (!withOptions.includes(name)) process.exit();
  console.log();
}
// Prints nothing where nothing is missing, which takes 10 ms to find out.
const status = run([process.execPath, "install", "--frozen-lockfile", "--no-summary"]);
if (status !== 0) {
  fail(
    "Cannot install the dependencies, for the reason above: this needs the network, and the right to " +
      "write to node_modules/ here",
  );
}
if (words.every(isName)) runInTurn(words);
else become(words);
