// scripts/test.ts, on files of tests of its own.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";

const isOurs = hasPostgres && !process.env["TEST_DATABASE_URL"];

const command = [process.execPath, join(root, "scripts/test.ts")];

/** A folder that has these files of tests, besides what loads for every file. */
async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const preload = `[test]\npreload = ["${join(root, "shared/testing/end-of-run.ts")}"]\n`;
  await Bun.write(join(folder.path, "bunfig.toml"), preload);
  for (const [name, text] of Object.entries(files)) {
    await Bun.write(join(folder.path, `${name}.test.ts`), text);
  }
  return folder;
}

/** Runs the script in a folder that has these files of tests. */
async function run(files: Readonly<Record<string, string>>) {
  await using folder = await folderOf(files);
  const child = Bun.spawn(command, {
    cwd: folder.path,
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("\n");
  return { status: await child.exited, output };
}

/** A file with a test that prints in which folder its server has its files. */
const onPostgres = `
import { SQL } from "bun";
import { test } from "bun:test";
import { postgresDatabase } from "${root}/shared/testing/postgres.ts";

test("has a database", async () => {
  await using database = await postgresDatabase();
  await using sql = new SQL(database.url, { max: 1 });
  const [{ data_directory }] = await sql\`SHOW data_directory\`;
  console.log("server in " + data_directory);
});
`;

test.if(isOurs)(
  "bun run test has one server for all files of tests, and deletes its files",
  async () => {
    const { status, output } = await run({ one: onPostgres, two: onPostgres, three: onPostgres });
    const [first = "", ...others] = [...output.matchAll(/^server in (.*)$/gm)].map(
      ([, path]) => path,
    );
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(others).toEqual([first, first]);
    expect(existsSync(join(first, ".."))).toBe(false);
  },
);

test("bun run test does not colour the pipes of what tests start, also in a terminal", async () => {
  const file = `
    import { expect, test } from "bun:test";
    test("starts Bun", async () => {
      const child = Bun.spawn([process.execPath, "no-such-script"], { stderr: "pipe" });
      expect(await child.stderr.text()).not.toContain("\\u001b");
    });`;
  await using folder = await folderOf({ one: file, two: file });
  let output = "";
  const decoder = new TextDecoder();
  const terminal = {
    data: (_: unknown, bytes: Uint8Array) =>
      void (output += decoder.decode(bytes, { stream: true })),
  };
  const child = Bun.spawn(command, { cwd: folder.path, terminal });
  expect({ status: await child.exited, output }).toMatchObject({ status: 0 });
});

test("bun run test fails if a test does", async () => {
  const file =
    'import { test } from "bun:test";\ntest("fails", () => { throw new Error("x"); });\n';
  const { status, output } = await run({ one: file });
  expect(output).toContain("(fail) fails");
  expect(status).toBe(1);
});
