// scripts/sbom/lockfile.ts: which of several packages of one name a package gets.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { productionClosure } from "../sbom/lockfile.ts";

/** What the workspace `app`, which needs @acme/a, gets. @param packages `name@version` and needs, by key */
async function closureOf(packages: Readonly<Record<string, [id: string, ...needs: string[]]>>) {
  await using folder = temporaryFolder();
  const file = join(folder.path, "bun.lock");
  const dependencies = (names: readonly string[]) => ({
    dependencies: Object.fromEntries(names.map((name) => [name, "*"])),
  });
  const entries = Object.entries(packages).map(([key, [id, ...needs]]) => [
    key,
    [id, "", dependencies(needs), "sha512-x"],
  ]);
  await Bun.write(
    file,
    JSON.stringify({
      workspaces: { app: dependencies(["@acme/a"]) },
      packages: Object.fromEntries(entries),
    }),
  );
  return [...(await productionClosure("app", file)).keys()];
}

test("a package of a scope gets a package without one, and not its namesake in the scope", async () => {
  const closure = await closureOf({
    "@acme/a": ["@acme/a@1.0.0", "b"],
    "@acme/b": ["@acme/b@2.0.0"],
    b: ["b@3.0.0"],
  });
  expect(closure).toEqual(["app", "@acme/a@1.0.0", "b@3.0.0"]);
});

test("a package gets the version that is below it, or below what it is below, before the others", async () => {
  const closure = await closureOf({
    "@acme/a": ["@acme/a@1.0.0", "@acme/b", "c"],
    "@acme/a/@acme/b": ["@acme/b@2.1.0", "c", "d"],
    "@acme/a/c": ["c@3.1.0"],
    "@acme/a/@acme/b/d": ["d@4.1.0"],
    "@acme/b": ["@acme/b@2.0.0"],
    c: ["c@3.0.0"],
    d: ["d@4.0.0"],
  });
  expect(closure).toEqual(["app", "@acme/a@1.0.0", "@acme/b@2.1.0", "c@3.1.0", "d@4.1.0"]);
});
