// What a service may find at its start: no folder, no write access, a newer database.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { checkDatabase } from "../support/database-check.ts";
import { expectCleanExit, newUser, sending } from "../support/platform/services.ts";
import { smallDisk } from "./small-disk.ts";

const services = ["user-service", "order-service"] as const;

test.each(services)("%s creates the folder of its database", async (service) => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const env = { DATABASE_URL: "sqlite:some/where/else.db" };
  await using running = await startExecutable(service, { cwd, env });
  expect((await running.fetch("/ready")).status).toBe(200);
  checkDatabase(join(cwd, "some/where/else.db"));
});

test("user-service reports in one line that it cannot create the folder of its database", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await writeFile(join(cwd, "file"), "");
  const env = { DATABASE_URL: "sqlite:file/users.db", PORT: "0" };
  const outcome = await runCommand("user-service", [], { cwd, env });
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(outcome.stderr).toMatch(
    /^user-service: Cannot open the database "[^"]+": its folder cannot be made [^\n]+\n$/,
  );
});

test.each(services)("%s reports in one line that its disk is read-only", async (service) => {
  await using disk = await smallDisk(4);
  const cwd = disk.path;
  const known = { DATABASE_URL: "sqlite:known.db", PORT: "0" };
  const missing = { DATABASE_URL: "sqlite:missing.db", PORT: "0" };
  const withoutFolder = { DATABASE_URL: "sqlite:missing/x.db", PORT: "0" };
  expect(await runCommand(service, ["migrate"], { cwd, env: known })).toMatchObject({ status: 0 });
  disk.protect();
  for (const env of [known, missing, withoutFolder]) {
    const outcome = await runCommand(service, [], { cwd, env });
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(
      /^[a-z]+-service: Cannot open the database "[^"]+": [^\n]+; (let it write|name another) [^\n]+\n$/,
    );
  }
});

test.each(services)(
  "%s reports in one line that its disk is full, and starts when there is room",
  async (service) => {
    await using disk = await smallDisk(2);
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const path = join(disk.path, "made/service.db");
    const env = { DATABASE_URL: `sqlite:${path}`, PORT: "0" };
    await disk.fill();
    const refused = {
      status: 1,
      stdout: "",
      stderr: `${service}: Cannot open the database "${path}": its disk is full; make room\n`,
    };
    expect(await runCommand(service, [], { cwd, env })).toEqual(refused);
    await disk.free();
    {
      await using running = await startExecutable(service, { cwd, env });
      await expectCleanExit(running);
    }
    await disk.fill();
    expect(await runCommand(service, [], { cwd, env })).toEqual(refused);
    await disk.free();
    await using running = await startExecutable(service, { cwd, env });
    expect((await running.fetch("/ready")).status).toBe(200);
  },
);

function versionOf(db: Database): number {
  using newest = db.prepare<{ version: number }, []>(
    "SELECT max(version) AS version FROM schema_migrations",
  );
  return newest.get()?.version ?? 0;
}

test.each(services)("%s does not start on a database of a newer version", async (service) => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const env = { DATABASE_URL: "sqlite:service.db", PORT: "0" };
  expect(await runCommand(service, ["migrate"], { cwd, env })).toMatchObject({ status: 0 });
  const path = join(cwd, "service.db");
  using db = new Database(path);
  const known = versionOf(db);
  db.run(
    `INSERT INTO schema_migrations (version, checksum) VALUES (${known + 1}, 'of a later migration')`,
  );
  for (const command of [["migrate"], ["serve"]]) {
    expect(await runCommand(service, command, { cwd, env })).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `${service}: Cannot use the database "${path}": it is at version ${known + 1} and this ` +
        `program knows ${known}; run a newer program\n`,
    });
  }
  db.run(`DELETE FROM schema_migrations WHERE version = ${known + 1}`);
  await using running = await startExecutable(service, { cwd, env });
  expect((await running.fetch("/ready")).status).toBe(200);
});

test("user-service makes a database of an empty file", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "data"));
  await writeFile(join(cwd, "data/user_service.db"), "");
  await using users = await startExecutable("user-service", { cwd });
  expect((await users.fetch("/users", sending("POST", newUser(1)))).status).toBe(201);
});
