import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { $ } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

const root = resolve(import.meta.dir, "../..");
const { version } = manifest;

/** The files that state the version. */
const stating = "*package.json bun.lock *Dockerfile k8s docs/add-a-service.md :!bench".split(" ");

/** Copies those files into a git repository of their own, with a changelog. */
async function repository() {
  const folder = temporaryFolder();
  const cwd = folder.path;
  const write = (path: string, text: string) => Bun.write(join(cwd, path), text);
  const git = (...args: string[]) => $`git ${args}`.cwd(cwd).nothrow().text();
  const commit = async () => {
    await git("add", ".");
    await git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qm", "test");
  };
  await $`git ls-files ${stating} | tar -c -T - | tar -x -C ${cwd}`.cwd(root);
  await write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n- A change\n");
  await git("init", "--quiet");
  await commit();
  return {
    ...folder,
    read: (path: string) => Bun.file(join(cwd, path)).text(),
    write,
    commit,
    /** The output of git; empty if it finds nothing. */
    git,
    async release(next: string) {
      const command = $`${process.execPath} ${join(root, "scripts/release.ts")} ${next}`;
      const { exitCode, stdout, stderr } = await command.cwd(cwd).nothrow().quiet();
      return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
  };
}

describe("bun run release", () => {
  test("writes the version into every file that states it, and dates the changes", async () => {
    await using copy = await repository();
    const count = (text: string) => copy.git("grep", "--count", "-F", text, "--", ":!CHANGELOG.md");
    const before = await count(version);
    expect(before).toContain("package.json:1\n");
    const { status, stdout } = await copy.release("9.8.7");
    expect(status).toBe(0);
    expect(await count("9.8.7")).toBe(before);
    expect(await count(version)).toBe("");
    const today = new Date().toISOString().slice(0, 10);
    expect(await copy.read("CHANGELOG.md")).toBe(
      `# Changelog\n\n## [Unreleased]\n\n## [9.8.7] - ${today}\n\n- A change\n`,
    );
    expect(stdout).toContain("git tag --annotate v9.8.7");
    expect(stdout).not.toContain("Still there");
  });

  test("names the places that it leaves to be looked at", async () => {
    await using copy = await repository();
    await copy.write("k8s/README.md", `Since ${version} it is so.\n`);
    await copy.commit();
    const { stdout } = await copy.release("9.8.7");
    expect(stdout).toContain(`Still there, to be looked at:\nk8s/README.md:1:Since ${version}`);
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

  test("refuses a changelog without a heading for the changes", async () => {
    await using copy = await repository();
    await copy.write("CHANGELOG.md", "# Changelog\n");
    await copy.commit();
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith('Cannot find the heading "## [Unreleased]" in CHANGELOG.md');
  });
});
