// check-reproducible.sh with a `bun` that builds what the test tells it to.
import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { $ } from "bun";
import { gitRepository } from "./git-repository.ts";
import { stub } from "./stub.ts";

const scripts = resolve(import.meta.dir, "..");

/** Runs the script with a build that writes the output of a command. */
async function check(command: string, ...args: readonly string[]) {
  await using copy = await gitRepository();
  const copied = ["check-reproducible.sh", "command-line.sh"].map((name) => join(scripts, name));
  await $`mkdir scripts && cp ${copied} scripts`.cwd(copy.path);
  const build = `mkdir -p dist && { ${command}; } >dist/user-service`;
  const PATH = await stub(copy.path, "bun", `if [ "$1" != install ]; then ${build}; fi`);
  await stub(copy.path, "docker", 'echo "step 3 of $*: no space left"; exit 1');
  const run = $`${join(copy.path, "scripts/check-reproducible.sh")} ${args}`
    .cwd(copy.path)
    .env({ ...process.env, PATH });
  const { exitCode, stdout } = await run.nothrow().quiet();
  return { status: exitCode, stdout: stdout.toString() };
}

test("check-reproducible.sh passes if both builds give the same bytes", async () => {
  const { status, stdout } = await check("echo the same");
  expect(stdout).toBe("ok user-service: two builds are identical\n");
  expect(status).toBe(0);
});

test("check-reproducible.sh shows what two builds have in the place where they differ", async () => {
  const { status, stdout } = await check('printf "%0100d built in %s" 0 "${PWD##*/}"');
  expect(stdout).toStartWith("FAILED user-service: two builds differ in ");
  expect(stdout).toMatch(/^ {2}0+ built in one$/m);
  expect(stdout).toMatch(/^ {2}0+ built in deeper$/m);
  expect(status).toBe(1);
});

test("check-reproducible.sh fails if one build is the beginning of the other", async () => {
  const { status, stdout } = await check("echo same; case $PWD in */deeper) echo more ;; esac");
  expect(stdout).toStartWith("FAILED user-service: two builds have different lengths");
  expect(status).toBe(1);
});

test("check-reproducible.sh --image shows the log of an image that cannot be built", async () => {
  const { status, stdout } = await check("echo the same", "--image", "BASE_DIGEST=sha256:1");
  expect(stdout).toMatch(/^step 3 of buildx build .* BASE_DIGEST=sha256:1 .*: no space left$/m);
  expect(status).toBe(1);
});
