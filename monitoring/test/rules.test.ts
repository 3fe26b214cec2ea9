import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { serviceNames, services } from "../../scripts/services.ts";
import { outline } from "../../scripts/test/pages.ts";
import { pathOf, testWith } from "../../shared/testing/required-program.ts";
import { filesEnding, isAlert, outcomesOf, rulesFolder, rulesOf } from "./rule-files.ts";

const files = filesEnding(".rules.yaml");
const alerts = (await Promise.all(files.map(rulesOf))).flat().filter(isAlert);
const repository = "https://github.com/example/bun-elysia-platform/blob/main/";

/** Runs promtool on files of the rules. @throws Error with what it printed if it fails */
async function promtool(command: "check" | "test", names: readonly string[]): Promise<string> {
  const child = Bun.spawn([pathOf("promtool"), command, "rules", ...names], {
    cwd: rulesFolder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
  if ((await child.exited) !== 0) throw new Error(output);
  return output;
}

testWith("promtool", "every rule file is one that Prometheus loads", async () => {
  const output = await promtool("check", files);
  expect(output.match(/SUCCESS/g)).toHaveLength(files.length);
});

testWith("promtool", "every alert fires when it should, and is quiet when it should", async () => {
  await promtool("test", filesEnding(".test.yaml"));
});

test.each(files)(
  "%s has for each alert a test in which it fires, and one of silence",
  async (file) => {
    const outcomes = await outcomesOf(file);
    const untested = (await rulesOf(file)).filter(isAlert).filter(({ alert }) => {
      const counts = (outcomes.get(alert) ?? []).map(({ exp_alerts }) => exp_alerts.length);
      return !counts.includes(0) || counts.every((count) => count === 0);
    });
    expect(untested.map(({ alert }) => alert)).toEqual([]);
  },
);

describe.each(alerts.map((alert) => [alert.alert, alert] as const))("alert %s", (name, alert) => {
  test("says how urgent it is and, in a sentence, what is wrong", () => {
    expect(alert.labels?.["severity"]).toBeOneOf(["page", "ticket"]);
    expect(alert.annotations?.["summary"]).toMatch(/ .* .* /);
  });

  test("leads to a section of the runbooks", async () => {
    const [page = "", anchor] = (alert.annotations?.["runbook_url"] ?? "").split("#");
    expect(page).toStartWith(`${repository}docs/runbooks/`);
    const { anchors } = await outline(page.slice(repository.length));
    expect(anchor).toBe(name.toLowerCase());
    expect(anchors).toContain(name.toLowerCase());
  });
});

test("each section of the runbooks is about an alert, and says what users notice, where to look, what to do", async () => {
  const folder = resolve(import.meta.dir, "../../docs/runbooks");
  const names = alerts.map(({ alert }) => alert);
  for (const file of files) {
    const text = await Bun.file(join(folder, file.replace(".rules.yaml", ".md"))).text();
    const [, ...sections] = text.split(/^## /m);
    for (const section of sections) {
      expect(names).toContain(section.split("\n")[0] ?? "");
      expect(section).toMatch(/\*\*Users:\*\*.*\*\*Look.*[Dd]o:\*\*/s);
    }
  }
});

/** The patterns of `job` in the rules of a file. */
async function jobsIn(file: string): Promise<ReadonlySet<string>> {
  const text = await Bun.file(join(rulesFolder, file)).text();
  return new Set(Array.from(text.matchAll(/\bjob=~"([^"]*)"/g), ([, value = ""]) => value));
}

test("every rule is about all services of the platform, and about no other program", async () => {
  const jobs = serviceNames.join("|");
  const ofOtherJobs = ["cloudnative-pg.rules.yaml", "kubernetes.rules.yaml"];
  for (const file of files.filter((name) => !ofOtherJobs.includes(name))) {
    expect(await jobsIn(file)).toEqual(new Set([jobs]));
  }
  const kinds = serviceNames.map((name) => name.replace("-service", "")).join("|");
  const ofKubernetes = await Bun.file(join(rulesFolder, "kubernetes.rules.yaml")).text();
  const objects = Array.from(ofKubernetes.matchAll(/\(([a-z|]+)\)-service/g), ([, value]) => value);
  expect(new Set(objects)).toEqual(new Set([kinds]));
  const missing = alerts.find(({ alert }) => alert === "TargetMissing");
  for (const { name } of services) expect(missing?.expr).toContain(`absent(up{job="${name}"})`);
});
