// What becomes of the scanners' reports: the issue that lists them.
import { describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { services } from "../services.ts";
import { stub } from "./stub.ts";

const script = resolve(import.meta.dir, "../report-vulnerabilities.sh");

/** What the scanners write where nothing is wrong. */
const clean: Readonly<Record<string, unknown>> = {
  "packages.audit.json": {},
  "openapi.audit.json": {},
  "packages.osv.json": { results: [] },
  ...Object.fromEntries(services.map(({ name }) => [`${name}.osv.json`, { results: [] }])),
};

const audited = {
  elysia: [
    {
      url: "https://github.com/advisories/GHSA-1111-2222-3333",
      title: "A query | of\ntwo lines",
      severity: "high",
    },
  ],
};

const scanned = {
  results: [
    {
      source: { path: "/lib/x86_64-linux-gnu", type: "os" },
      packages: [
        {
          package: { name: "glibc", version: "2.41-12", ecosystem: "Debian:13" },
          vulnerabilities: [
            { id: "DEBIAN-CVE-2026-1", summary: "Overflow" },
            { id: "CVE-2026-1", summary: "Overflow" },
          ],
          groups: [{ ids: ["DEBIAN-CVE-2026-1", "CVE-2026-1"], max_severity: "7.5" }],
        },
      ],
    },
  ],
};

/** Reports with a gh that knows of one open issue, or of none. @returns what gh was told to do */
async function report(reports: Readonly<Record<string, unknown>>, open = "") {
  await using folder = temporaryFolder();
  const { path } = folder;
  await mkdir(join(path, "reports"));
  for (const [name, json] of Object.entries(reports)) {
    if (json !== undefined) await Bun.write(join(path, "reports", name), JSON.stringify(json));
  }
  const gh = `case $2 in list) echo "${open}" ;; *) printf '%s\\n' "$@" >> ${path}/log ;; esac`;
  const PATH = await stub(path, "gh", gh);
  await Bun.write(join(path, "log"), "");
  const { exitCode } = Bun.spawnSync([script, join(path, "reports")], {
    env: {
      PATH,
      GITHUB_REPOSITORY: "acme/shop",
      RUN_URL: "https://example.com/run",
    },
  });
  expect(exitCode).toBe(0);
  return await Bun.file(join(path, "log")).text();
}

describe("report-vulnerabilities.sh", () => {
  test("opens an issue with each vulnerability once, and what it is in", async () => {
    const log = await report({
      ...clean,
      "packages.audit.json": audited,
      "order-service.osv.json": scanned,
    });
    expect(log).toStartWith("issue\ncreate\n--repo\nacme/shop\n--title\nKnown vulnerabilities\n");
    expect(log).toContain(`## Found in \`bun.lock\`, by the npm registry

| Package | Vulnerability | Severity |
| --- | --- | --- |
| elysia | [GHSA-1111-2222-3333](https://github.com/advisories/GHSA-1111-2222-3333) A query \\| of two lines | high |
`);
    expect(log).toContain(`## Found in the image of order-service, by OSV

| Package | Vulnerability | Severity |
| --- | --- | --- |
| glibc 2.41-12 | [DEBIAN-CVE-2026-1](https://osv.dev/DEBIAN-CVE-2026-1) (CVE-2026-1) Overflow | 7.5 |
`);
    expect(log).toContain("Found by https://example.com/run.");
  });

  test("brings the open issue up to date instead of opening a second one", async () => {
    const log = await report({ ...clean, "packages.audit.json": audited }, "12");
    expect(log).toStartWith("issue\nedit\n--repo\nacme/shop\n12\n");
  });

  test("closes the issue when nothing is left, and opens none for nothing", async () => {
    expect(await report(clean, "12")).toStartWith("issue\nclose\n--repo\nacme/shop\n12\n");
    expect(await report(clean)).toBe("");
  });

  test.each(Object.keys(clean))("lists a scan that has left no %s, or half of it", async (file) => {
    for (const left of [undefined, "half"]) {
      const log = await report({ ...clean, [file]: left });
      expect(log).toStartWith("issue\ncreate\n");
      expect(log.match(/^## /gm)).toHaveLength(1);
      expect(log).toContain("## Not scanned: ");
    }
  });
});
