import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { currentDocument, documentText } from "../release/api/published.ts";
import { root } from "../root.ts";
import { services } from "../services.ts";
import { gitRepository } from "./git-repository.ts";

const { version } = manifest;

/** The files that state the version. */
const stating = "*package.json bun.lock *Dockerfile k8s docs/add-a-service.md :!bench".split(" ");

const changelogOf = (changes: string) => `# Changelog\n\n## [Unreleased]\n\n${changes}`;

/** A git repository with those files and a changelog, on the branch main, of which each test has a copy. */
let original: Awaited<ReturnType<typeof gitRepository>>;

beforeAll(async () => {
  original = await gitRepository();
  await $`git ls-files ${stating} | tar -c -T - | tar -x -C ${original.path}`.cwd(root);
  await original.write("CHANGELOG.md", changelogOf("- A change\n"));
  await original.commit();
  // One file instead of hundreds, for each copy.
  await original.git("repack", "-adq");
});
afterAll(() => original[Symbol.asyncDispose]());

/** A copy of that repository for a test. */
async function repository() {
  const copy = await gitRepository(original.path);
  const cwd = copy.path;
  return {
    ...copy,
    async release(next: string, env: Record<string, string> = {}) {
      const command = $`${process.execPath} ${join(root, "scripts/release.ts")} ${next}`;
      const { exitCode, stdout, stderr } = await command
        .cwd(cwd)
        .env({ ...process.env, ...env })
        .nothrow()
        .quiet();
      return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
  };
}

describe("bun run release", () => {
  test("writes the version into every file that states it, and dates the changes", async () => {
    await using copy = await repository();
    const where = ["--", ":!CHANGELOG.md", ":!docs/openapi"];
    const count = async (text: string) =>
      `\n${await copy.git("grep", "--count", "-F", text, ...where).catch(() => "")}`;
    // A package in bun.lock may have the version of this project, and none has these.
    const first = await copy.release("9.8.7-rc.1");
    expect(first.stdout).not.toContain("still stands here");
    const before = await count("9.8.7-rc.1");
    for (const file of ["package.json", "bun.lock", "user-service/Dockerfile"]) {
      expect(before).toContain(`\n${file}:`);
    }
    const { status, stdout } = await copy.release("9.8.7");
    expect(status).toBe(0);
    expect(await count("9.8.7")).toBe(before);
    expect(await count("9.8.7-rc.1")).toBe("\n");
    const today = new Date().toISOString().slice(0, 10);
    expect(await copy.read("CHANGELOG.md")).toBe(
      `# Changelog\n\n## [Unreleased]\n\n## [9.8.7] - ${today}\n\n- A change\n`,
    );
    expect(stdout).not.toContain("still stands here");
  });

  test("makes one commit and an annotated tag, and names the push and the way back", async () => {
    await using copy = await repository();
    const head = await copy.git("rev-parse", "HEAD");
    const { stdout } = await copy.release("9.8.7");
    expect(await copy.git("log", "--format=%s%d", "-1")).toBe(
      "release: 9.8.7 (HEAD -> main, tag: v9.8.7)\n",
    );
    expect(await copy.git("cat-file", "-t", "v9.8.7")).toBe("tag\n");
    expect(await copy.git("status", "--porcelain")).toBe("");
    expect(stdout).toContain("\n  git push --atomic origin main v9.8.7\n");
    const [undo = ""] = /git tag --delete .*/.exec(stdout) ?? [];
    await $`sh -c ${undo}`.cwd(copy.path).quiet();
    expect(await copy.git("rev-parse", "HEAD")).toBe(head);
    expect(await copy.git("tag")).toBe("");
  });

  test("keeps the API documents of the release for the comparison with the next one", async () => {
    await using copy = await repository();
    // What this machine sets for services that it runs is in no document.
    await copy.release("9.8.7", { PUBLIC_URL: "https://example.com/users" });
    for (const { name } of services) {
      const document = JSON.parse(await copy.read(`docs/openapi/${name}.json`));
      expect(document).toMatchObject({ info: { version: "9.8.7" }, servers: [{ url: ".." }] });
    }
  });

  test("leaves the changes of a pre-release to the release, and its API documents too", async () => {
    await using copy = await repository();
    const changelog = await copy.read("CHANGELOG.md");
    expect((await copy.release("9.8.7-rc.1")).status).toBe(0);
    expect(await copy.read("CHANGELOG.md")).toBe(changelog);
    expect(await copy.git("ls-files", "docs/openapi")).toBe("");
    expect(JSON.parse(await copy.read("package.json")).version).toBe("9.8.7-rc.1");
    expect((await copy.release("9.8.7")).status).toBe(0);
  });

  test("names the places that it leaves to be looked at", async () => {
    await using copy = await repository();
    await copy.write("k8s/README.md", `Since ${version} it is so,\nand not before ${version}.\n`);
    await copy.commit();
    const { stdout } = await copy.release("9.8.7");
    expect(stdout).toContain(`${version} still stands here.`);
    expect(stdout).toContain(`\nk8s/README.md:1:Since ${version}`);
    expect(stdout).toContain(`\nk8s/README.md:2:and not before ${version}.\n`);
  });

  test.each([
    ["v9.8.7", '"v9.8.7" is not a semantic version'],
    ["9.8", '"9.8" is not a semantic version'],
    ["9.8.07", '"9.8.07" is not a semantic version'],
    [version, `${version} is not newer than ${version}`],
    [`${version}-rc.1`, `${version}-rc.1 is not newer than ${version}`],
  ])("refuses %s", async (next, reason) => {
    await using copy = await repository();
    const { status, stderr } = await copy.release(next);
    expect(status).toBe(2);
    expect(stderr).toStartWith(reason);
    expect(await copy.git("status", "--porcelain")).toBe("");
  });

  test.each(["?? untracked.txt", " M k8s/README.md"])("refuses a tree with: %s", async (change) => {
    await using copy = await repository();
    await copy.write(change.slice(3), "changed\n");
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith(`Commit these changes first, or drop them:\n${change}\n`);
  });

  test.each([
    ["without a heading for the changes", "", 'Cannot find the heading "## [Unreleased]"'],
    [
      "with text behind that heading",
      "## [Unreleased] - soon\n\n- A change\n",
      'Cannot find the heading "## [Unreleased]"',
    ],
    [
      "that lists no change",
      "## [Unreleased]\n\n### Added\n\n## [0.0.1] - 2026-01-01\n\n- A change\n",
      'CHANGELOG.md lists no change under "## [Unreleased]"',
    ],
  ])("refuses a changelog %s", async (_, text, reason) => {
    await using copy = await repository();
    await copy.write("CHANGELOG.md", `# Changelog\n\n${text}`);
    await copy.commit();
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith(reason);
  });

  test("refuses a version that has been released", async () => {
    await using copy = await repository();
    await copy.git("tag", "v9.8.7");
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith("The tag v9.8.7 exists already");
  });

  test.each([
    [["switch", "-qc", "topic"], "this is topic"],
    [["checkout", "-q", "--detach"], "a commit without a branch is checked out"],
  ])("refuses what is not main: git %j", async (args, reason) => {
    await using copy = await repository();
    await copy.git(...args);
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith(`A release is made of main, and ${reason}. `);
  });

  test("undoes by the line that it prints what a hook of git refused", async () => {
    await using copy = await repository();
    await copy.write(".git/hooks/pre-commit", "#!/bin/sh\necho not today >&2\nexit 1\n");
    await chmod(join(copy.path, ".git/hooks/pre-commit"), 0o755);
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(1);
    expect(stderr).toStartWith("not today\n");
    const [undo = ""] = /git reset --hard .*/.exec(stderr) ?? [];
    await $`sh -c ${undo}`.cwd(copy.path).quiet();
    expect(await copy.git("status", "--porcelain")).toBe("");
  });
});

describe("bun run release, after a release with another API,", () => {
  const breaking = "- users: **breaking**: `GET /people` is `GET /users`.\n";

  /** A repository whose last release, 1.4.2, had a path that no service has any more. */
  async function releasedBefore(changes: string) {
    const copy = await repository();
    await copy.write("CHANGELOG.md", changelogOf(changes));
    const document = currentDocument("user-service", "1.4.2");
    const paths = { ...document.paths, "/people": { get: { responses: {} } } };
    await copy.write("docs/openapi/user-service.json", JSON.stringify({ ...document, paths }));
    const manifest = await copy.read("package.json");
    await copy.write(
      "package.json",
      manifest.replace(`"version": "${version}"`, '"version": "1.4.2"'),
    );
    await copy.commit();
    return copy;
  }

  test("lists the changes, and refuses a version that hides one that breaks clients", async () => {
    await using copy = await releasedBefore(breaking);
    for (const next of ["1.4.3", "1.5.0", "1.5.0-rc.1"]) {
      const { status, stdout, stderr } = await copy.release(next);
      expect(status).toBe(2);
      expect(stdout).toContain("  BREAKS  GET /people was removed: clients get 404 or 405\n");
      expect(stderr).toStartWith(`${next} says that no client breaks, and the API breaks some. `);
      expect(stderr).toContain("Name 2.0.0");
    }
    expect((await copy.release("2.0.0-rc.1")).status).toBe(0);
    expect((await copy.release("2.0.0")).status).toBe(0);
  });

  test("refuses a changelog that does not say what breaks", async () => {
    await using copy = await releasedBefore("- A change\n");
    const { status, stderr } = await copy.release("2.0.0");
    expect(status).toBe(2);
    expect(stderr).toStartWith('Write under "## [Unreleased]" what clients have to do');
  });

  test("refuses a version that hides what the changelog says", async () => {
    await using copy = await releasedBefore(breaking);
    await copy.git("rm", "-q", "docs/openapi/user-service.json");
    const same = documentText(currentDocument("order-service", "1.4.2"));
    await copy.write("docs/openapi/order-service.json", same);
    await copy.commit();
    const { status, stderr } = await copy.release("1.5.0");
    expect(status).toBe(2);
    expect(stderr).toStartWith(
      "CHANGELOG.md has a **breaking** change since 1.4.2, and 1.5.0 says",
    );
    expect(stderr).toContain("Name 2.0.0");
  });
});
