import { describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { bunCommand } from "../bun-command.ts";
import { stub } from "./stub.ts";

const npx = `npx -y bun@${Bun.version}`;

describe("bunCommand()", () => {
  test.each([
    ["bin", Bun.version, "bun"],
    ["bin", "1.0.0", npx],
    ["_npx/1f2e/node_modules/.bin", Bun.version, npx],
    ["bun-node-a7733435c", Bun.version, npx],
  ])("where %s has Bun %s is %s", async (name, version, expected) => {
    await using folder = temporaryFolder();
    const bin = join(folder.path, name);
    await mkdir(bin, { recursive: true });
    await stub(bin, "bun", `echo ${version}`);
    expect(bunCommand(bin)).toBe(expected);
  });

  test("where no folder has Bun is npx", () => {
    expect(bunCommand("")).toBe(npx);
  });
});
