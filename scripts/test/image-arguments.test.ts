// image-arguments.sh in a repository of its own, with a `docker` that knows the digest of every tag.
import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { $ } from "bun";
import { gitRepository } from "./git-repository.ts";
import { stub } from "./stub.ts";

const scripts = resolve(import.meta.dir, "..");
const recorded = `sha256:${"a".repeat(64)}`;
const current = `sha256:${"b".repeat(64)}`;
const bases = `# Bases
FROM oven/bun:1.4.5 AS bun
FROM registry.example/base:nonroot@${recorded} AS base
`;

/** Makes the repository, whose one commit has a known time. */
async function repository(docker: string) {
  const copy = await gitRepository();
  const PATH = await stub(copy.path, "docker", `echo "$@" >>calls\n${docker}`);
  const copied = ["image-arguments.sh", "command-line.sh"].map((name) => join(scripts, name));
  await $`mkdir scripts && cp ${copied} scripts`.cwd(copy.path);
  await copy.write("scripts/bases/Dockerfile", bases);
  await copy.commit();
  await $`git commit --quiet --amend --no-edit`
    .cwd(copy.path)
    .env({ ...process.env, GIT_COMMITTER_DATE: "1700000000 +0000" });
  return {
    ...copy,
    head: (await copy.git("rev-parse", "HEAD")).trim(),
    async run(args: string[], variables: Record<string, string> = {}) {
      const { exitCode, stdout, stderr } =
        await $`${join(copy.path, "scripts/image-arguments.sh")} ${args}`
          .cwd(copy.path)
          .env({ ...process.env, GITHUB_REPOSITORY: "", ...variables, PATH })
          .nothrow()
          .quiet();
      return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
  };
}

test("image-arguments.sh prints recorded digests, and asks the registry for the others", async () => {
  await using copy = await repository(`echo ${current}`);
  const workflow = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "Owner/name" };
  expect(await copy.run([], workflow)).toEqual({
    status: 0,
    stdout: `BUILD_COMMIT=${copy.head}
BUILD_SOURCE=https://github.com/Owner/name
SOURCE_DATE_EPOCH=1700000000
BUN_DIGEST=${current}
BASE_DIGEST=${recorded}
`,
    stderr: "scripts/bases/Dockerfile has no digest of oven/bun:1.4.5: asking the registry\n",
  });
  const asked = "buildx imagetools inspect --format {{.Manifest.Digest}} oven/bun:1.4.5\n";
  expect(await copy.read("calls")).toBe(asked);
  expect(await copy.read("scripts/bases/Dockerfile")).toBe(bases);
});

test("image-arguments.sh --record writes the missing digests, and asks no more", async () => {
  await using copy = await repository(`echo ${current}`);
  const first = await copy.run(["--record"]);
  expect(first).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`BUN_DIGEST=${current}\n`),
  });
  const dockerfile = await copy.read("scripts/bases/Dockerfile");
  expect(dockerfile).toBe(bases.replace("bun:1.4.5", `bun:1.4.5@${current}`));
  const calls = await copy.read("calls");
  expect(await copy.run([])).toEqual({ ...first, stderr: "" });
  expect(await copy.read("calls")).toBe(calls);
});

test("image-arguments.sh prints nothing if the registry does not answer", async () => {
  await using copy = await repository("echo unreachable >&2; exit 1");
  expect(await copy.run(["--record"])).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining(
      "Write it into scripts/bases/Dockerfile, as FROM oven/bun:1.4.5@sha256:... AS bun\n",
    ),
  });
  expect(await copy.read("scripts/bases/Dockerfile")).toBe(bases);
});
