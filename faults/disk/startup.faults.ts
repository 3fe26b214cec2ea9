// What a service may find at its start: no folder, no write access, a newer database.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { processTests } from "../../shared/testing/process-tests.ts";
import { checkDatabase } from "../support/database-check.ts";
import { newUser, sending } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { smallDisk } from "./small-disk.ts";

const { start, run, path } = processTests();
const services = ["user-service", "order-service"] as const;

test.each(services)("%s creates the folder of its database", async (service) => {
  const env = { DATABASE_URL: "sqlite:some/where/else.db" };
  await using running = await start(service, env);
  expect((await running.fetch("/ready")).status).toBe(200);
  checkDatabase(path("some/where/else.db"));
});

test("user-service reports in one line that it cannot create the folder of its database", async () => {
  await writeFile(path("file"), "");
  const env = { DATABASE_URL: "sqlite:file/users.db", PORT: "0" };
  const outcome = await run("user-service", [], env);
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(outcome.stderr).toMatch(
    /^user-service: Cannot open the database "[^"]+": its folder cannot be made [^\n]+\n$/,
  );
});

test.each(services)("%s reports in one line that its disk is read-only", async (service) => {
  await using disk = await smallDisk(4);
  const on = (file: string) => ({ DATABASE_URL: `sqlite:${disk.path}/${file}`, PORT: "0" });
  expect(await run(service, ["migrate"], on("known.db"))).toMatchObject({ status: 0 });
  disk.protect();
  for (const file of ["known.db", "missing.db", "missing/x.db"]) {
    const outcome = await run(service, [], on(file));
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
    const database = join(disk.path, "made/service.db");
    const env = { DATABASE_URL: `sqlite:${database}`, PORT: "0" };
    await disk.fill();
    const refused = {
      status: 1,
      stdout: "",
      stderr: `${service}: Cannot open the database "${database}": its disk is full; make room\n`,
    };
    expect(await run(service, [], env)).toEqual(refused);
    await disk.free();
    {
      await using running = await start(service, env);
      await expectCleanExit(running);
    }
    await disk.fill();
    expect(await run(service, [], env)).toEqual(refused);
    await disk.free();
    await using running = await start(service, env);
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
  const env = { DATABASE_URL: "sqlite:service.db", PORT: "0" };
  expect(await run(service, ["migrate"], env)).toMatchObject({ status: 0 });
  const database = path("service.db");
  using db = new Database(database);
  const known = versionOf(db);
  db.run(
    `INSERT INTO schema_migrations (version, checksum) VALUES (${known + 1}, 'of a later migration')`,
  );
  for (const command of [["migrate"], ["serve"]]) {
    expect(await run(service, command, env)).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `${service}: Cannot use the database "${database}": it is at version ${known + 1} and this ` +
        `program knows ${known}; run a newer program\n`,
    });
  }
  db.run(`DELETE FROM schema_migrations WHERE version = ${known + 1}`);
  await using running = await start(service, env);
  expect((await running.fetch("/ready")).status).toBe(200);
});

test("user-service makes a database of an empty file", async () => {
  await mkdir(path("data"));
  await writeFile(path("data/user_service.db"), "");
  await using users = await start("user-service");
  expect((await users.fetch("/users", sending("POST", newUser(1)))).status).toBe(201);
});
