// Every link between pages leads to a file, and to a heading of it.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../root.ts";
import { outline } from "./pages.ts";

const patterns = [
  "*.md",
  "*/*.md",
  "k8s/overlays/*/*.md",
  "docs/decisions/*.md",
  "docs/runbooks/*.md",
  "bench/results/*.md",
];
const pages = patterns.flatMap((pattern) => [
  ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
]);

test.each(pages)("%s has no link that leads nowhere", async (page) => {
  const { links } = await outline(page);
  const broken: string[] = [];
  for (const { path, anchor } of links) {
    const isFound =
      existsSync(join(root, path)) &&
      (anchor === undefined || (await outline(path)).anchors.includes(anchor));
    if (!isFound) broken.push(anchor === undefined ? path : `${path}#${anchor}`);
  }
  expect(broken).toEqual([]);
});

test("the pages that newcomers read are among those whose links are checked", () => {
  expect(pages).toContain("README.md");
  expect(pages).toContain("docs/operating.md");
  expect(pages).toContain("docs/decisions/README.md");
});
