// Copies of databases that are being written to, and by processes that are killed.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Order } from "../../order-service/src/orders/order.ts";
import { runCommand, startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import type { User } from "../../user-service/src/users/user.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { makeUsers, nameOfUsers, orderIds, startCommand, userIds } from "./backup-contents.ts";
import { repeat } from "../support/load.ts";
import { createUser, newUser, startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";

/** Of several items, so that half an order could be seen. */
function newOrder(userId: string, n: number) {
  const items = Array.from({ length: 1 + (n % 5) }, (_, item) => ({
    sku: `ARTICLE-${n}-${item}`,
    quantity: 1 + (item % 3),
    unit_price: 19.99,
  }));
  return { user_id: userId, items };
}

/** Users and orders that are made without end, and what was answered. */
function makeWithoutEnd(urls: { users: string; orders: string }, userId: string) {
  const [askUsers, askOrders] = [fetchClient(urls.users), fetchClient(urls.orders)];
  const users: User[] = [];
  const placed: { key: string; body: ReturnType<typeof newOrder>; order: Order }[] = [];
  const loads = [
    repeat(8, async (n) => {
      const reply = await askUsers("POST", "/users", { json: newUser(1000 + n) });
      users.push(bodyOfStatus(reply, 201) as User);
    }),
    repeat(16, async (n) => {
      const [key, body] = [`key-${n}`, newOrder(userId, n)];
      const headers = { "idempotency-key": key };
      const reply = await askOrders("POST", "/orders", { json: body, headers });
      placed.push({ key, body, order: bodyOfStatus(reply, 201) as Order });
    }),
  ];
  return { users, placed, stop: () => Promise.all(loads.map((load) => load.stop())) };
}

test("copies made under load have all that was answered before, whole, and can be gone on with", async () => {
  const rounds = amount({ full: 20, fast: 4 });
  await using platform = await startPlatform();
  const { folder: cwd, users, orders } = platform;
  const load = makeWithoutEnd({ users: users.url, orders: orders.url }, await createUser(users));
  const until = async (count: number) => {
    while (load.placed.length < count) await Bun.sleep(5);
  };
  let before = { users: load.users.slice(), placed: load.placed.slice() };
  for (let round = 1; round <= rounds; round += 1) {
    await until(before.placed.length + 50);
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
  await load.stop(); // whose callers took nothing but 201

  await using other = await temporaryFolder();
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
  const [askUsers, askOrders] = [fetchClient(newUsers.url), fetchClient(newOrders.url)];
  for (const user of before.users.slice(-50)) {
    expect(bodyOfStatus(await askUsers("GET", `/users/${user.id}`), 200)).toEqual(user);
  }
  for (const { key, body, order } of before.placed.slice(-50)) {
    const headers = { "idempotency-key": key };
    const repeated = await askOrders("POST", "/orders", { json: body, headers });
    expect(bodyOfStatus(repeated, 201)).toEqual(order);
    expect(repeated.headers.get("idempotent-replayed")).toBe("true");
  }
  console.log(
    `${rounds} backups of each service while ${load.users.length} users and ` +
      `${load.placed.length} orders were made; ${before.placed.length} orders before the last`,
  );
});

test("a backup that is killed leaves a whole copy under its name, or none", async () => {
  const [rounds, count] = [amount({ full: 60, fast: 12 }), 20_000];
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await makeUsers(cwd, count, "Alice");
  const backups = join(cwd, "backups");
  await mkdir(backups);
  const keep = 3;
  let [cut, whole] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const isRotated = round % 2 === 0;
    const target = join(cwd, `copy-${round}.db`);
    const args = isRotated ? ["backup-rotate", backups, String(keep)] : ["backup", target];
    const known = new Set(await readdir(isRotated ? backups : cwd));
    const child = startCommand("user-service", args, cwd);
    const isAtWork = async () =>
      (await readdir(isRotated ? backups : cwd)).some((name) => !known.has(name));
    while (child.exitCode === null && !(await isAtWork()));
    await Bun.sleep(Math.random() * 60);
    child.kill("SIGKILL");
    await child.exited;
    if (child.signalCode === null) whole += 1;
    else cut += 1;
    if (!isRotated && existsSync(target)) expect(nameOfUsers(target, count)).toBe("Alice");
  }
  const files = await readdir(backups);
  const copies = files.filter((name) => name.endsWith(".db"));
  for (const name of copies) expect(nameOfUsers(join(backups, name), count)).toBe("Alice");
  for (const name of files) expect(name).toMatch(/\.db$|\.db\.[0-9a-f-]{36}\.tmp(-journal)?$/);

  for (let round = 0; round < keep; round += 1) {
    const args = ["backup-rotate", backups, String(keep)];
    expect(await runCommand("user-service", args, { cwd })).toMatchObject({ status: 0 });
  }
  const left = (await readdir(backups)).filter((name) => name.endsWith(".db"));
  expect(left).toHaveLength(keep);
  console.log(`${cut} backups killed, ${whole} done; ${files.length - copies.length} unfinished`);
});
