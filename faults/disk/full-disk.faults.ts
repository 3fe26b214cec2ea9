// A full disk: writes get 503 with Retry-After, reads succeed, and nothing is lost.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { fetchClient, listAll } from "../support/clients.ts";
import { checkDatabase } from "../support/database-check.ts";
import { metricOf } from "../support/metric.ts";
import { createUser, newOrder, newUser, sending } from "../support/platform/resources.ts";
import { expectCleanExit, startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { smallDisk } from "./small-disk.ts";
import { storageIsFull, summaryOf } from "./storage-problems.ts";
import { startWriters, type Writers } from "./writers.ts";

const enough = amount({ full: 1000, fast: 200 });
const stores = ({ until, stored }: Writers) => until(() => stored.size >= enough);
const refuses = ({ until, refused }: Writers) => until(() => refused.size >= enough);

const numberIn = (text: string | undefined) => Number(/\d+/.exec(text ?? "")?.[0]);
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

test("both services refuse writes and nothing else while the disk is full", async () => {
  await using disk = await smallDisk(64);
  const databases = {
    users: join(disk.path, "users.db"),
    orders: join(disk.path, "orders.db"),
  };
  await using platform = await startPlatform({
    users: { DATABASE_URL: `sqlite:${databases.users}` },
    orders: { DATABASE_URL: `sqlite:${databases.orders}` },
  });
  const { users, orders } = platform;
  const userId = await createUser(users, 1_000_000);
  const first = await orders.fetch("/orders", sending("POST", newOrder(userId, 1_000_000)));
  const { id: orderId } = (await first.json()) as { id: string };

  const userWriters = startWriters((n) => users.fetch("/users", sending("POST", newUser(n))));
  const place = (n: number) =>
    orders.fetch(
      "/orders",
      sending("POST", newOrder(userId, n), n % 2 ? { "idempotency-key": `key-${n}` } : {}),
    );
  const orderWriters = startWriters(place);
  await Promise.all([userWriters, orderWriters].map(stores));
  await disk.fill();
  await Promise.all([userWriters, orderWriters].map(refuses));

  const path = `/orders/${orderId}`;
  const change = await orders.fetch(path, sending("PATCH", { status: "confirmed" }));
  expect(await summaryOf(change)).toEqual(storageIsFull);
  const removal = await users.fetch(`/users/${userId}`, { method: "DELETE" });
  expect(await summaryOf(removal)).toEqual(storageIsFull);
  for (const { url } of [users, orders]) {
    for (const path of ["/ready", "/health", "/metrics"]) {
      expect((await fetch(url + path)).status).toBe(200);
    }
  }
  expect(await metricOf(users, "storage_free_bytes")).toBeLessThan(1_048_576);
  expect(await (await orders.fetch(path)).json()).toMatchObject({ status: "pending" });
  await Promise.all([userWriters.stop(), orderWriters.stop()]);
  for (const refusal of [...userWriters.refused.values(), ...orderWriters.refused.values()]) {
    expect(refusal).toEqual(storageIsFull);
  }
  const refused = 'storage_refused_total{reason="full"}';
  expect(await metricOf(users, refused)).toBe(userWriters.refused.size + 1);

  const expectStored = async () => {
    const allUsers = await listAll<{ email: string }>(fetchClient(users.url), "/users?limit=1000");
    const allOrders = await listAll<{ items: { sku: string }[] }>(
      fetchClient(orders.url),
      "/orders?limit=1000",
    );
    const emails = allUsers.map(({ email }) => numberIn(email));
    const articles = allOrders.map(({ items }) => numberIn(items[0]?.sku));
    expect(sorted(emails)).toEqual(sorted([...userWriters.stored, 1_000_000]));
    expect(sorted(articles)).toEqual(sorted([...orderWriters.stored, 1_000_000]));
  };
  await expectStored();
  await disk.free();
  for (const [n] of [...userWriters.refused].slice(0, 10)) {
    expect((await users.fetch("/users", sending("POST", newUser(n)))).status).toBe(201);
    userWriters.stored.add(n);
  }
  for (const [n] of [...orderWriters.refused].slice(0, 10)) {
    // order-service could not release the key on the full disk, so its lease has to expire.
    const until = performance.now() + 10_000;
    let status: number;
    do ({ status } = await place(n));
    while (status === 409 && performance.now() < until);
    expect(status).toBe(201);
    orderWriters.stored.add(n);
  }
  await expectStored();
  for (const path of Object.values(databases)) checkDatabase(path);
  console.log(
    `stored ${userWriters.stored.size} users, ${orderWriters.stored.size} orders; ` +
      `refused ${userWriters.refused.size} and ${orderWriters.refused.size}`,
  );
});

test("user-service loses nothing if the disk is too full to checkpoint the WAL", async () => {
  await using disk = await smallDisk(12);
  const cwd = disk.path;
  const database = join(cwd, "data/user_service.db");
  const stored = new Set<number>();
  {
    await using users = await startExecutable("user-service", { cwd });
    await disk.fill(6_000_000);
    const userWriters = startWriters((n) =>
      users.fetch("/users", sending("POST", { ...newUser(n), name: "N".repeat(100) })),
    );
    await refuses(userWriters);
    await userWriters.stop();
    // SQLite starts a checkpoint when the WAL has a thousand pages.
    expect((await stat(`${database}-wal`)).size).toBeGreaterThan(1000 * 4096);
    using db = new Database(database, { readonly: true });
    const pages = db.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ?? 0;
    expect((await stat(database)).size).toBeLessThan(pages * 4096);
    await disk.free();
    const one = await users.fetch("/users", sending("POST", newUser(1_000_000)));
    expect(one.status).toBe(201);
    for (const n of [...userWriters.stored, 1_000_000]) stored.add(n);
    await expectCleanExit(users);
  }
  checkDatabase(database);
  await using users = await startExecutable("user-service", { cwd });
  const all = await listAll<{ email: string }>(fetchClient(users.url), "/users?limit=1000");
  expect(sorted(all.map(({ email }) => numberIn(email)))).toEqual(sorted(stored));
  console.log(`${stored.size} users kept in a WAL that could not be checkpointed`);
});
