// Copies that must not take the place of a database, and databases that must not be replaced.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { cp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable } from "../../shared/testing/executable.ts";
import { nameOfUsers, userIds } from "./backup-contents.ts";
import { repeat } from "../support/load.ts";
import { createUser } from "../support/platform/services.ts";
import { count, expectRefused, restorable } from "./restore-scenario.ts";
import { amount } from "../support/scale.ts";

const service = "user-service";

test("a database in use is not replaced, and its service feels nothing", async () => {
  await using it = await restorable();
  await using idle = await startExecutable(service, { cwd: it.cwd });
  const files = async () => (await readdir(join(it.cwd, "data"))).toSorted();
  const before = await files();
  expectRefused(await it.restore(), "a process has the database open; stop the service");
  expect(await files()).toEqual(before);

  await using busy = await startExecutable(service, { cwd: it.cwd });
  const made: string[] = [];
  const load = repeat(16, async (n) => {
    made.push(await createUser(n % 2 ? idle : busy, count + 1 + n));
  });
  for (let round = 0; round < amount({ full: 20, fast: 4 }); round += 1) {
    const some = made.length + 20;
    while (made.length < some) await Bun.sleep(5);
    expectRefused(await it.restore(), "a process has the database open; stop the service");
  }
  await load.stop();
  for (const running of [idle, busy]) {
    running.kill("SIGTERM");
    expect(await running.exited).toBe(0);
  }
  expect(await files()).toEqual(["user_service.db"]);
  const stored = userIds(it.path);
  expect(stored.size).toBe(count + made.length);
  expect(made.filter((id) => !stored.has(id))).toEqual([]);
});

test("a copy that is damaged, newer, another service's or none is refused", async () => {
  await using it = await restorable();
  const { cwd } = it;
  const bad = join(cwd, "bad.db");
  const bytes = await Bun.file(it.copy).bytes();
  const middle = bytes.length >> 1;

  await writeFile(
    bad,
    bytes.map((byte, at) => (at >> 10 === middle >> 10 ? ~byte : byte)),
  );
  expectRefused(await it.restore(bad), "it is damaged");
  await cp(it.copy, bad);
  await truncate(bad, middle);
  expectRefused(await it.restore(bad), "it is damaged");
  await truncate(bad, 0);
  expectRefused(await it.restore(bad), "it is no backup of this service");
  await writeFile(bad, "Dear reader");
  expectRefused(await it.restore(bad), "it is not an SQLite database");
  await rm(bad);
  expectRefused(await it.restore(bad), "there is no such file");

  await cp(it.copy, bad);
  {
    using db = new Database(bad);
    db.run("INSERT INTO schema_migrations (version, checksum) VALUES (2, 'of a later one')");
  }
  expectRefused(await it.restore(bad), "it is at version 2 and this program knows 1");
  await runCommand("order-service", ["migrate"], { cwd });
  await runCommand("order-service", ["backup", "orders.db"], { cwd });
  expectRefused(await it.restore("orders.db"), "was made by another program");
  expectRefused(await it.restore(it.path), "it is the database itself");

  expect(nameOfUsers(it.path, count)).toBe("Alice");
  expect(await it.kept()).toEqual([]);
  expect((await readdir(join(cwd, "data"))).toSorted()).toEqual([
    "order_service.db",
    "user_service.db",
  ]);
});
