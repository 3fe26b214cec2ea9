// The commands of docs/add-a-service.md for the rules, in a copy of this folder.
import { expect } from "bun:test";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readPage } from "../../scripts/test/pages.ts";
import { codeBlocks } from "../../shared/testing/code-blocks.ts";
import { pathOf, testWith } from "../../shared/testing/required-program.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { filesEnding, rulesFolder } from "./rule-files.ts";

/** The commands of the page that change the rules or their tests. */
async function commandsForRules(): Promise<string> {
  const blocks = codeBlocks(await readPage("docs/add-a-service.md"));
  return blocks
    .filter(({ language, code }) => language === "sh" && code.includes("monitoring/rules/"))
    .map(({ code }) => code)
    .join("\n");
}

/** Runs a command in a folder. @throws Error with what it printed if it fails */
async function run(folder: string, ...command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
  if ((await child.exited) !== 0) throw new Error(output);
}

testWith(
  "promtool",
  "after the page's commands every rule is about the added service too, and every alert passes its cases",
  async () => {
    await using folder = temporaryFolder();
    await cp(resolve(rulesFolder, ".."), join(folder.path, "monitoring"), { recursive: true });
    await run(folder.path, "sh", "-c", await commandsForRules());
    const rules = join(folder.path, "monitoring/rules");
    for (const file of filesEnding(".rules.yaml")) {
      const text = await Bun.file(join(rules, file)).text();
      // The patterns of names, such as "user-service|order-service" and "(users|orders)-db".
      const patterns = text.match(/\busers?\b[\w-]*\|[\w|-]+/g) ?? [];
      expect([file, patterns.length]).not.toEqual([file, 0]);
      expect(patterns.filter((pattern) => !/\|notes?\b/.test(pattern))).toEqual([]);
    }
    await run(rules, pathOf("promtool"), "test", "rules", ...filesEnding(".test.yaml"));
  },
);
