// Copies from one engine to the other under load, and copies that are killed or find no room.
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, spawnExecutable } from "../../shared/testing/executable.ts";
import { postgresDatabase } from "../../shared/testing/postgres.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { createDatabase } from "../backup/backup-contents.ts";
import { smallDisk } from "../disk/small-disk.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { createUser, newOrder, type Order } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { commandUrl } from "./command-url.ts";
import { ordersOnServer, usersInFile, usersOnServer } from "./copied-state.ts";

test("copy-to under load has every order acknowledged before it, and each key with its order", async () => {
  const rounds = amount({ full: 10, fast: 3 });
  await using platform = await startPlatform();
  const { folder: cwd, users, orders } = platform;
  const userId = await createUser(users);
  const placed: { key: string; id: string }[] = [];
  const send = fetchClient(orders.url);
  const load = repeat(16, async (n) => {
    const [key, json] = [`key-${n}`, newOrder(userId, n)];
    const headers = { "idempotency-key": key };
    const { id } = bodyOfStatus(await send("POST", "/orders", { json, headers }), 201) as Order;
    placed.push({ key, id });
  });
  for (let round = 0; round < rounds; round += 1) {
    const enough = placed.length + 200;
    await load.until(() => placed.length >= enough);
    const before = placed.slice();
    await using database = await postgresDatabase();
    const { url } = database;
    const copied = await runCommand("order-service", ["copy-to", commandUrl(url)], { cwd });
    expect(copied).toMatchObject({ status: 0 });
    const { ids, byKey } = await ordersOnServer(url);
    expect(before.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(before.filter(({ key, id }) => byKey.get(key) !== id)).toEqual([]);
    expect([...byKey.values()].filter((id) => !ids.has(id))).toEqual([]);
    // Every order has a key here: one without it was stored after the keys were read.
    expect(byKey.size).toBe(ids.size);
  }
  // Rejects if a response was not 201.
  await load.stop();
  console.log(`${rounds} copies while ${placed.length} orders were placed`);
});

test.each(["PostgreSQL", "SQLite"])(
  "copy-to %s that is killed leaves the whole copy or nothing, and a second one succeeds",
  async (engine) => {
    const [rounds, count] = [amount({ full: 30, fast: 6 }), 20_000];
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await createDatabase(cwd, count, "Alice");
    await using full = await postgresDatabase();
    const toServer = engine === "PostgreSQL";
    // In both directions a copy takes about as long.
    const startedAt = performance.now();
    const whole = await runCommand("user-service", ["copy-to", commandUrl(full.url)], { cwd });
    expect(whole).toMatchObject({ status: 0 });
    const wholeMs = performance.now() - startedAt;
    const env = toServer ? {} : { DATABASE_URL: commandUrl(full.url) };
    let [killed, empty] = [0, 0];
    for (let round = 0; round < rounds; round += 1) {
      await using database = await postgresDatabase();
      const file = join(cwd, `copy-${round}.db`);
      const target = toServer ? commandUrl(database.url) : `sqlite:${file}`;
      const child = spawnExecutable("user-service", ["copy-to", target], {
        cwd,
        env,
        stdout: "ignore",
      });
      // From its first line, which precedes the first row, to after its end; the time of the kill varies.
      await child.stderr.getReader().read();
      await Bun.sleep((1.2 * wholeMs * round) / rounds);
      child.kill("SIGKILL");
      await child.exited;
      if (child.signalCode !== null) killed += 1;
      const stored = toServer ? await usersOnServer(database.url) : usersInFile(file);
      expect([0, count]).toContain(stored);
      if (stored > 0) continue;
      empty += 1;
      const again = await runCommand("user-service", ["copy-to", target], { cwd, env });
      expect(again).toMatchObject({ status: 0 });
      expect(toServer ? await usersOnServer(database.url) : usersInFile(file)).toBe(count);
    }
    const files = (await readdir(cwd)).filter((name) => name.startsWith("copy-"));
    for (const name of files) expect(name).toMatch(/\.db$|\.db\.[0-9a-f-]{36}\.tmp(-journal)?$/);
    expect(empty).toBeGreaterThan(0);
    console.log(`${killed} of ${rounds} copies killed, after which ${empty} had nothing`);
  },
);

test("copy-to an SQLite file on a full disk says so in one line, and leaves nothing there", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await createDatabase(cwd, 20_000, "Alice");
  await using database = await postgresDatabase();
  const url = commandUrl(database.url);
  expect(await runCommand("user-service", ["copy-to", url], { cwd })).toMatchObject({ status: 0 });
  await using disk = await smallDisk(1);
  const target = join(disk.path, "users.db");
  const env = { DATABASE_URL: url };
  const outcome = await runCommand("user-service", ["copy-to", `sqlite:${target}`], { cwd, env });
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(outcome.stderr).toEndWith(` to ${target}: the disk is full; make room\n`);
  expect(await readdir(disk.path)).toEqual([]);
});
