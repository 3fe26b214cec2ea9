// docs/add-a-service.md and docs/add-an-endpoint.md, followed to the letter in a copy of the repository.
import { expect, test } from "bun:test";
import { appendFile, cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { codeBlocks, type CodeBlock } from "../../shared/testing/code-blocks.ts";
import { root } from "../root.ts";
import { readPage } from "./pages.ts";

/** Replaces in a file what each hunk of a diff shows without `+` by what it shows without `-`. */
async function applyDiff(folder: string, diff: string): Promise<void> {
  const [heading = "", ...lines] = diff.trimEnd().split("\n");
  const file = join(folder, heading.slice("--- ".length));
  let text = await Bun.file(file).text();
  for (const hunk of lines.join("\n").split(/\n?^@@.*\n/m)) {
    const without = (sign: string) =>
      hunk
        .split("\n")
        .filter((line) => !line.startsWith(sign))
        .map((line) => line.slice(1))
        .join("\n");
    expect(text.split(without("+"))).toHaveLength(2); // it is there, once
    text = text.replace(without("+"), () => without("-"));
  }
  await Bun.write(file, text);
}

/** Runs a command in the folder. @throws Error with its output if it fails */
async function run(folder: string, ...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} has failed:\n${output}`);
  return output;
}

/** Does what the page says about a block: a file to write or to add to, a diff, commands for files. */
async function follow(folder: string, { language, code, before }: CodeBlock): Promise<void> {
  if (language === "diff") return applyDiff(folder, code);
  if (language === "sh") {
    // `bun install` may need the network; the other commands of Bun are for the end.
    if (!code.startsWith("bun ")) await run(folder, "sh", "-c", code);
    return;
  }
  const name = /`(note-service\/[\w./-]+\.(?:ts|json|sql))`/.exec(before)?.[1];
  if (name === undefined) return;
  const file = join(folder, name);
  if (/\bAdd to `/.test(before)) return appendFile(file, code);
  await mkdir(dirname(file), { recursive: true });
  await Bun.write(file, code);
}

test("a service and an endpoint that are written as the pages say pass types, format, lint and tests", async () => {
  await using scratch = temporaryFolder();
  const folder = scratch.path;
  const copied = ["package.json", "tsconfig.json", "scripts", "bunfig.toml", "k8s", "monitoring"];
  const compose = ["compose", "compose.yaml", "compose.postgres.yaml", "compose.monitoring.yaml"];
  const changed = [".github", "user-service/Dockerfile", "order-service/Dockerfile"];
  for (const path of [...copied, ...compose, ...changed, "user-service/src/migrations"]) {
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  for (const path of ["node_modules", "shared", "docs", ".oxlintrc.json"]) {
    await symlink(join(root, path), join(folder, path));
  }
  const bun = process.execPath;

  for (const block of codeBlocks(await readPage("docs/add-a-service.md"))) {
    await follow(folder, block);
  }
  // In place of `bun install`: what user-service has, of the same versions.
  const dependenciesOf = async (manifest: string) => (await Bun.file(manifest).json()).dependencies;
  expect(await dependenciesOf(join(folder, "note-service/package.json"))).toEqual(
    await dependenciesOf(join(root, "user-service/package.json")),
  );
  await symlink(join(root, "user-service/node_modules"), join(folder, "note-service/node_modules"));

  const dockerfile = await Bun.file(join(folder, "note-service/Dockerfile")).text();
  expect(dockerfile).toContain('ENTRYPOINT ["/usr/local/bin/note-service"]');
  expect(dockerfile).toContain("COPY note-service/package.json note-service/\n");
  for (const block of codeBlocks(await readPage("docs/add-an-endpoint.md"))) {
    await follow(folder, block);
  }
  const project = {
    extends: "./tsconfig.json",
    include: ["note-service", "scripts/services.ts", "shared/**/*.d.ts"],
  };
  await Bun.write(join(folder, "notes.json"), JSON.stringify(project));
  const source = ["note-service/src", "note-service/test"];
  // The tests that compare a file with the list of services, and start no program.
  const comparisons = [
    "scripts/test/compose-postgres.test.ts",
    "scripts/test/compose-monitoring.test.ts",
    "scripts/test/workflows.test.ts",
    "monitoring/test/compose.test.ts",
  ];
  const names = "compose\\.|each service|of every service|order of the calls";
  const [tests, compared] = await Promise.all([
    run(folder, bun, "test", "--timeout", "60000", "note-service"),
    run(folder, bun, "test", "-t", names, ...comparisons),
    run(folder, bun, "run", "tsc", "--project", "notes.json"),
    run(folder, bun, "run", "oxfmt", "--check", ...source),
    run(folder, bun, "run", "oxlint", ...source),
  ]);
  for (const output of [tests, compared])
    expect(output).toMatch(/\n [1-9]\d* pass\n(?: \d+ filtered out\n)? 0 fail\n/);
});
