// `bun run check:workflows`: checks the GitHub workflows by GitHub's rules and ours, and with actionlint if
// it is installed. The CI/CD workflow runs the newest actionlint in any case, and zizmor.
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow,
} from "@actions/workflow-parser";
import { root } from "./root.ts";

const folder = join(root, ".github/workflows");

/**
 * A third-party action is pinned to the commit or image that was reviewed, since a tag can be moved. A
 * workflow of this repository is taken from the same commit.
 */
const pinned =
  /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d|docker:\/\/\S+:[\d.]+@sha256:[0-9a-f]{64}$|\.\/\.github\/workflows\/)/;

/** A step runs a script that also runs on a developer's machine. */
const runsAnywhere = /^(?:bun run [\w:-]+(?: --[\w-]+)*|(?:exec )?scripts\/[\w-]+\.sh\b[^;&|]*)$/;

let violations = 0;

for (const name of await readdir(folder)) {
  const path = join(folder, name);
  const text = await Bun.file(path).text();
  const report = (line: number, message: string) => {
    violations += 1;
    console.error(`${relative(root, path)}:${line}: ${message}`);
  };

  const { context, value } = parseWorkflow({ name, content: text }, new NoOperationTraceWriter());
  // What one job says of another is checked when the jobs are made; the errors are the context's then.
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  for (const { range, rawMessage } of context.errors.getErrors()) {
    report(range?.start.line ?? 1, rawMessage);
  }
  for (const [index, line] of text.split("\n").entries()) {
    const [, key, value = ""] = /^\s*(?:- )?(uses|run): (.*)$/.exec(line) ?? [];
    if (key === "uses" && !pinned.test(value)) {
      report(
        index + 1,
        `"${value}" must name a commit, with its version in a comment, or the digest of an image`,
      );
    }
    if (key === "run" && !runsAnywhere.test(value)) {
      report(index + 1, `"${value}" must be a script of ours, alone on its line`);
    }
  }
}

const actionlint = Bun.which("actionlint");
if (actionlint !== null) {
  const { exitCode } = Bun.spawnSync([actionlint], {
    cwd: root,
    stdout: "inherit",
    stderr: "inherit",
  });
  violations += exitCode;
}
process.exit(violations > 0 ? 1 : 0);
