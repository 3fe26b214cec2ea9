import { describe, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { $, Glob } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../../shared/testing/running-service.ts";

const root = resolve(import.meta.dir, "../..");
const { version } = manifest;

/** The files that state the version. */
const stating = [
  "*.json",
  "bun.lock",
  "*/package.json",
  "*/Dockerfile",
  "k8s/**",
  "docs/add-a-service.md",
];

/** Copies those files into a git repository of their own, with a changelog. */
async function repository() {
  const folder = await temporaryFolder();
  const cwd = folder.path;
  for (const path of stating.flatMap((glob) => [...new Glob(glob).scanSync(root)])) {
    await cp(join(root, path), join(cwd, path));
  }
  const write = (path: string, text: string) => Bun.write(join(cwd, path), text);
  const commit = () =>
    $`git add . && git -c user.name=test -c user.email=test@example.com commit -qm test`.cwd(cwd);
  await write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n- A change\n");
  await $`git init --quiet`.cwd(cwd);
  await commit();
  return {
    read: (path: string) => Bun.file(join(cwd, path)).text(),
    write,
    commit,
    /** The output of git; empty if it finds nothing. */
    git: (...args: string[]) => $`git ${args}`.cwd(cwd).nothrow().text(),
    async release(next: string) {
      const script = join(root, "scripts/release.ts");
      const command = $`${process.execPath} ${script} ${next}`.cwd(cwd).nothrow().quiet();
      const { exitCode, stdout, stderr } = await command;
      return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
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

  test.each(["untracked.txt", "k8s/README.md"])(
    "refuses a tree with a change of %s",
    async (path) => {
      await using copy = await repository();
      await copy.write(path, "changed\n");
      const { status, stderr } = await copy.release("9.8.7");
      expect(status).toBe(2);
      expect(stderr).toStartWith("Commit these changes first, or drop them:");
      expect(stderr).toContain(path);
    },
  );

  test("refuses a changelog without a heading for the changes", async () => {
    await using copy = await repository();
    await copy.write("CHANGELOG.md", "# Changelog\n");
    await copy.commit();
    const { status, stderr } = await copy.release("9.8.7");
    expect(status).toBe(2);
    expect(stderr).toStartWith('Cannot find the heading "## [Unreleased]" in CHANGELOG.md');
  });
});
