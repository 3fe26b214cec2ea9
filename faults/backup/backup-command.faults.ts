// Backups of databases under load, and backups that are killed.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, spawnExecutable, startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { createUser, newUser, type Order, type User } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { commonName, createDatabase, orderIds, userIds } from "./backup-contents.ts";

/** An order of up to five items, so that a test would notice a missing item. */
function newOrder(userId: string, n: number) {
  const items = Array.from({ length: 1 + (n % 5) }, (_, item) => ({
    sku: `ARTICLE-${n}-${item}`,
    quantity: 1 + (item % 3),
    unit_price: 19.99,
  }));
  return { user_id: userId, items };
}

/** Creates users and orders until stopped. `users` and `placed` hold all 201 responses. */
function keepCreating(urls: { users: string; orders: string }, userId: string) {
  const [sendToUsers, sendToOrders] = [fetchClient(urls.users), fetchClient(urls.orders)];
  const users: User[] = [];
  const placed: { key: string; body: ReturnType<typeof newOrder>; order: Order }[] = [];
  const creating = repeat(8, async (n) => {
    const response = await sendToUsers("POST", "/users", { json: newUser(1000 + n) });
    users.push(bodyOfStatus(response, 201) as User);
  });
  const placing = repeat(16, async (n) => {
    const [key, body] = [`key-${n}`, newOrder(userId, n)];
    const headers = { "idempotency-key": key };
    const response = await sendToOrders("POST", "/orders", { json: body, headers });
    placed.push({ key, body, order: bodyOfStatus(response, 201) as Order });
  });
  return {
    users,
    placed,
    until: placing.until,
    stop: () => Promise.all([creating.stop(), placing.stop()]),
  };
}

test("backup under load has every write acknowledged before it, and services run on its restore", async () => {
  const rounds = amount({ full: 20, fast: 4 });
  await using platform = await startPlatform();
  const { folder: cwd, users, orders } = platform;
  const load = keepCreating({ users: users.url, orders: orders.url }, await createUser(users));
  let before = { users: load.users.slice(), placed: load.placed.slice() };
  for (let round = 1; round <= rounds; round += 1) {
    const enough = before.placed.length + 50;
    await load.until(() => load.placed.length >= enough);
    before = { users: load.users.slice(), placed: load.placed.slice() };
    const copies = [`users-${round}.db`, `orders-${round}.db`] as const;
    const outcomes = await Promise.all([
      runCommand("user-service", ["backup", copies[0]], { cwd }),
      runCommand("order-service", ["backup", copies[1]], { cwd }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0]);
    const [userCopy, orderCopy] = [userIds(join(cwd, copies[0])), orderIds(join(cwd, copies[1]))];
    expect(before.users.filter(({ id }) => !userCopy.has(id))).toEqual([]);
    expect(before.placed.filter(({ order }) => !orderCopy.has(order.id))).toEqual([]);
  }
  // Rejects if a response was not 201.
  await load.stop();

  await using other = temporaryFolder();
  for (const [service, copy] of [
    ["user-service", `users-${rounds}.db`],
    ["order-service", `orders-${rounds}.db`],
  ] as const) {
    const restored = await runCommand(service, ["restore", join(cwd, copy)], { cwd: other.path });
    expect(restored).toMatchObject({ status: 0, stderr: "" });
  }
  await using newUsers = await startExecutable("user-service", { cwd: other.path });
  const env = { USER_SERVICE_URL: newUsers.url };
  await using newOrders = await startExecutable("order-service", { cwd: other.path, env });
  const [sendToUsers, sendToOrders] = [fetchClient(newUsers.url), fetchClient(newOrders.url)];
  for (const user of before.users.slice(-50)) {
    expect(bodyOfStatus(await sendToUsers("GET", `/users/${user.id}`), 200)).toEqual(user);
  }
  for (const { key, body, order } of before.placed.slice(-50)) {
    const headers = { "idempotency-key": key };
    const repeated = await sendToOrders("POST", "/orders", { json: body, headers });
    expect(bodyOfStatus(repeated, 201)).toEqual(order);
    expect(repeated.headers.get("idempotent-replayed")).toBe("true");
  }
  console.log(
    `${rounds} backups of each service while ${load.users.length} users and ` +
      `${load.placed.length} orders were created; ${before.placed.length} orders before the last`,
  );
});

test("backup that is killed leaves a complete copy under its name, or none", async () => {
  const [rounds, count] = [amount({ full: 60, fast: 12 }), 20_000];
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await createDatabase(cwd, count, "Alice");
  const backups = join(cwd, "backups");
  await mkdir(backups);
  const keep = 3;
  let [killed, completed] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const isRotated = round % 2 === 0;
    const target = join(cwd, `copy-${round}.db`);
    const args = isRotated ? ["backup-rotate", backups, String(keep)] : ["backup", target];
    const known = new Set(await readdir(isRotated ? backups : cwd));
    const child = spawnExecutable("user-service", args, { cwd, stdout: "ignore" });
    const hasStarted = async () =>
      (await readdir(isRotated ? backups : cwd)).some((name) => !known.has(name));
    while (child.exitCode === null && !(await hasStarted()));
    await Bun.sleep(Math.random() * 60);
    child.kill("SIGKILL");
    await child.exited;
    if (child.signalCode === null) completed += 1;
    else killed += 1;
    if (!isRotated && existsSync(target)) expect(commonName(target, count)).toBe("Alice");
  }
  const files = await readdir(backups);
  const copies = files.filter((name) => name.endsWith(".db"));
  for (const name of copies) expect(commonName(join(backups, name), count)).toBe("Alice");
  for (const name of files) expect(name).toMatch(/\.db$|\.db\.[0-9a-f-]{36}\.tmp(-journal)?$/);

  for (let round = 0; round < keep; round += 1) {
    const args = ["backup-rotate", backups, String(keep)];
    expect(await runCommand("user-service", args, { cwd })).toMatchObject({ status: 0 });
  }
  const left = (await readdir(backups)).filter((name) => name.endsWith(".db"));
  expect(left).toHaveLength(keep);
  console.log(
    `${killed} backups killed, ${completed} completed; ${files.length - copies.length} unfinished`,
  );
});
