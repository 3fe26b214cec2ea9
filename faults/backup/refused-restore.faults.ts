// Backups that must not be restored, and databases that a restore must not replace.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { cp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable } from "../../shared/testing/executable.ts";
import { repeat } from "../support/load.ts";
import { createUser } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { commonName, userIds } from "./backup-contents.ts";
import { count, createRestoreScenario, expectRefused } from "./restore-scenario.ts";

const service = "user-service";

/** Records a migration that this program does not have. @returns the version before it */
function addLaterMigration(path: string): number {
  using db = new Database(path);
  using latest = db.prepare<{ version: number }, []>(
    "SELECT max(version) AS version FROM schema_migrations",
  );
  const { version } = latest.get() ?? { version: 0 };
  db.run("INSERT INTO schema_migrations (version, checksum) VALUES (?, 'later')", [version + 1]);
  return version;
}

test("restore does not replace a database in use, and does not disturb its service", async () => {
  await using scenario = await createRestoreScenario();
  await using idle = await startExecutable(service, { cwd: scenario.cwd });
  const files = async () => (await readdir(join(scenario.cwd, "data"))).toSorted();
  const before = await files();
  expectRefused(await scenario.restore(), "a process has the database open; stop the service");
  expect(await files()).toEqual(before);

  await using busy = await startExecutable(service, { cwd: scenario.cwd });
  const created: string[] = [];
  const load = repeat(16, async (n) => {
    created.push(await createUser(n % 2 ? idle : busy, count + 1 + n));
  });
  for (let round = 0; round < amount({ full: 20, fast: 4 }); round += 1) {
    const some = created.length + 20;
    await load.until(() => created.length >= some);
    expectRefused(await scenario.restore(), "a process has the database open; stop the service");
  }
  await load.stop();
  for (const running of [idle, busy]) await expectCleanExit(running);
  expect(await files()).toEqual(["user_service.db"]);
  const stored = userIds(scenario.path);
  expect(stored.size).toBe(count + created.length);
  expect(created.filter((id) => !stored.has(id))).toEqual([]);
});

test("restore refuses a file that is corrupt, newer, of another service or no backup", async () => {
  await using scenario = await createRestoreScenario();
  const { cwd } = scenario;
  const bad = join(cwd, "bad.db");
  const bytes = await Bun.file(scenario.copy).bytes();
  const middle = bytes.length >> 1;

  await writeFile(
    bad,
    bytes.map((byte, at) => (at >> 10 === middle >> 10 ? ~byte : byte)),
  );
  expectRefused(await scenario.restore(bad), "it is damaged");
  await cp(scenario.copy, bad);
  await truncate(bad, middle);
  expectRefused(await scenario.restore(bad), "it is damaged");
  await truncate(bad, 0);
  expectRefused(await scenario.restore(bad), "it is no backup of this service");
  await writeFile(bad, "Dear reader");
  expectRefused(await scenario.restore(bad), "it is not an SQLite database");
  await rm(bad);
  expectRefused(await scenario.restore(bad), "there is no such file");

  await cp(scenario.copy, bad);
  const known = addLaterMigration(bad);
  const reason = `it is at version ${known + 1} and this program knows ${known}`;
  expectRefused(await scenario.restore(bad), reason);
  await runCommand("order-service", ["migrate"], { cwd });
  await runCommand("order-service", ["backup", "orders.db"], { cwd });
  expectRefused(await scenario.restore("orders.db"), "was made by another program");
  expectRefused(await scenario.restore(scenario.path), "it is the database itself");

  expect(commonName(scenario.path, count)).toBe("Alice");
  expect(await scenario.kept()).toEqual([]);
  expect((await readdir(join(cwd, "data"))).toSorted()).toEqual([
    "order_service.db",
    "order_service.db.last-backup",
    "user_service.db",
  ]);
});
