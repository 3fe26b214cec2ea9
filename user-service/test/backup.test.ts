// The commands that copy the database and put a copy back.
import { expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable } from "@platform/shared/testing/executable";
import { temporaryFolder } from "@platform/shared/testing/temporary-folder";
import { countUsers, post } from "./executable.ts";

const service = "user-service";

test("backup copies the database of a running service whole, and overwrites no file", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const missing = await runCommand(service, ["backup", "copy.db"], { cwd });
  expect(missing.status).toBe(1);
  expect(await readdir(cwd)).toEqual([]);
  await using running = await startExecutable(service, { cwd });
  for (let n = 0; n < 5; n += 1) await running.fetch("/users", post("Alice", n));
  expect(await runCommand(service, ["backup", "copy.db"], { cwd })).toMatchObject({ status: 0 });
  const again = await runCommand(service, ["backup", "copy.db"], { cwd });
  expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/^[^\n]+\n$/) });
  const env = { DATABASE_URL: "sqlite:copy.db" };
  await using restored = await startExecutable(service, { cwd, env });
  expect(await countUsers(restored)).toBe(5);
});

test("backup-rotate keeps the newest copies, and restore brings one back", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await runCommand(service, ["migrate"], { cwd });
  await mkdir(join(cwd, "backups"));
  const rotate = () => runCommand(service, ["backup-rotate", "backups", "2"], { cwd });
  for (let n = 0; n < 2; n += 1) expect(await rotate()).toMatchObject({ status: 0, stderr: "" });
  const [first = "", second = ""] = (await readdir(join(cwd, "backups"))).toSorted();
  const outcome = await rotate();
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  expect(outcome.stdout.split("\n")).toContain(`backups/${first} is deleted`);
  const names = (await readdir(join(cwd, "backups"))).toSorted();
  expect(names).toEqual([second, expect.stringMatching(/^user_service-\d{8}T\d{6}\.\d{3}Z\.db$/)]);

  const env = { DATABASE_URL: "sqlite:elsewhere/restored.db" };
  const restored = await runCommand(service, ["restore", `backups/${second}`], { cwd, env });
  expect(restored).toEqual({
    status: 0,
    stdout: `elsewhere/restored.db is a copy of backups/${second}\n`,
    stderr: "",
  });
  expect(await readdir(join(cwd, "elsewhere"))).toEqual(["restored.db"]);
  const missing = await runCommand(service, ["restore", "missing.db"], { cwd });
  expect(missing).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^user-service: Cannot restore "missing.db" [^\n]+\n$/),
  });
});
