// Storage failures are logged by their code. No response or log line shows stored data or a path.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, user } from "../support/platform/fake-user-service.ts";
import { createSecretUser, placeSecretOrder, secretOrder, secretUser } from "./secret-requests.ts";
import { secret } from "./secret-words.ts";
import { expectNoLeaks, startWatched, type WatchedService } from "./watched-service.ts";

const json = { "content-type": "application/json" };

/** Both services with a user and an order in their databases. */
async function startBoth(env: Readonly<Record<string, string>> = {}) {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(temporaryFolder()).path;
  const upstream = stack.use(await startFakeUpstream(healthy));
  const users = stack.use(await startWatched("user-service", { cwd, env }));
  const ordersEnv = { ...env, USER_SERVICE_URL: upstream.url };
  const orders = stack.use(await startWatched("order-service", { cwd, env: ordersEnv }));
  const userPath = await createSecretUser(users.ask);
  const orderPath = await placeSecretOrder(orders.ask, user.id);
  const owned = stack.move();
  return {
    users: { ...users, path: userPath, database: join(cwd, "data/user_service.db") },
    orders: { ...orders, path: orderPath, database: join(cwd, "data/order_service.db") },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Changes a database as another process would, without the service's knowledge. */
function tamper(path: string, ...statements: string[]): void {
  using db = new Database(path);
  db.run("PRAGMA ignore_check_constraints = ON");
  for (const statement of statements) db.run(statement);
}

async function expectFailure({ ask }: WatchedService, method: string, path: string, body?: string) {
  const { body: problem } = await ask(500, [method, path, json, body]);
  expect(JSON.parse(problem)).toMatchObject({ detail: "Something went wrong on our side" });
}

function failuresLogged({ process }: WatchedService): string[] {
  const { stdout } = process.printed();
  return Array.from(
    stdout.matchAll(/"level":"error".*"err":\{"type":"[^"]+","message":"([^"]*)"/g),
    ([, message = ""]) => message,
  );
}

test("both services keep the contents of a tampered database secret", async () => {
  await using both = await startBoth();
  const { users, orders } = both;
  const abort = (event: string) =>
    `CREATE TRIGGER stop BEFORE ${event} BEGIN SELECT RAISE(ABORT, '${secret("stored")}'); END`;
  const other = JSON.stringify({ name: secret("name"), email: "other@example.com" });

  tamper(users.database, "CREATE UNIQUE INDEX one_of_a_name ON users (name)");
  await expectFailure(users, "POST", "/users", other);
  tamper(users.database, abort("UPDATE ON users"));
  await expectFailure(users, "PATCH", users.path, `{"name":"${secret("name")}s"}`);
  tamper(users.database, "DROP TRIGGER stop", `UPDATE users SET email = '${secret("stored")}'`);
  await expectFailure(users, "GET", users.path);
  tamper(users.database, `ALTER TABLE users RENAME COLUMN name TO ${secret("stored")}`);
  await expectFailure(users, "POST", "/users", other);
  tamper(users.database, "DROP TABLE users");
  await expectFailure(users, "DELETE", users.path);
  await expectNoLeaks(users);
  const misfit = "A response does not match its schema: /email: ";
  expect(failuresLogged(users)).toEqual([
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_TRIGGER",
    expect.stringContaining(misfit),
    "SQLITE_ERROR",
    "SQLITE_ERROR",
  ]);

  tamper(orders.database, abort("INSERT ON orders"));
  await expectFailure(orders, "POST", "/orders", secretOrder(user.id));
  tamper(orders.database, `UPDATE order_items SET sku = '${secret("stored").repeat(10)}'`);
  await expectFailure(orders, "GET", orders.path);
  tamper(orders.database, "DROP TABLE order_items");
  await expectFailure(orders, "PATCH", orders.path, `{"status":"confirmed"}`);
  await expectNoLeaks(orders);
  expect(failuresLogged(orders)).toHaveLength(3);
});

test("both services keep the contents of a corrupt database secret", async () => {
  await using both = await startBoth();
  for (const service of [both.users, both.orders]) {
    tamper(service.database, "PRAGMA wal_checkpoint(TRUNCATE)");
    const { size } = await stat(service.database);
    const file = await open(service.database, "r+");
    // The first page stays intact: from its change, SQLite learns that its cached pages are outdated.
    await file.write(Buffer.alloc(size - 4096, secret("stored")), 0, size - 4096, 4096);
    await file.close();
    tamper(service.database, "PRAGMA user_version = 1");
    await expectFailure(service, "GET", service.path);
    await expectNoLeaks(service);
    expect(failuresLogged(service)).toEqual(["SQLITE_CORRUPT"]);
  }
});

test("both services keep the path of a deleted database secret", async () => {
  await using both = await startBoth();
  const { users, orders } = both;
  for (const { ask, database } of [users, orders]) {
    await rm(database);
    await ask(503, ["GET", "/ready"]);
  }
  const other = JSON.stringify({ name: secret("name"), email: "other@example.com" });
  await users.ask(503, ["POST", "/users", json, other]);
  await orders.ask(503, ["POST", "/orders", json, secretOrder(user.id)]);
  await expectNoLeaks(users);
  await expectNoLeaks(orders);
});

test("both services keep a locked database secret from waiting and from refused requests", async () => {
  await using both = await startBoth({ MAX_IN_FLIGHT: "2", SHUTDOWN_GRACE_MS: "100" });
  const { users, orders } = both;
  const key = { ...json, "idempotency-key": `${secret("key")}2` };
  const writes = [
    [users, ["POST", "/users", json, secretUser]],
    [orders, ["POST", "/orders", key, secretOrder(user.id)]],
  ] as const;
  await Promise.all(
    writes.map(async ([service, request]) => {
      const { ask, process, database } = service;
      using lock = new Database(database);
      lock.run("BEGIN EXCLUSIVE");
      const inFlight = async (count: number) => {
        const isReached = async () =>
          (await ask(200, ["GET", "/metrics"])).body.includes(`requests_in_flight ${count}\n`);
        while (!(await isReached()));
      };
      const waiting = [ask(503, [...request]), ask(503, [...request])];
      await inFlight(2);
      await ask(503, ["GET", service.path]);
      await Promise.all(waiting);
      const cut = ask(503, [...request]).catch(String);
      await inFlight(1);
      await expectNoLeaks(service, 1);
      expect(await cut).toStartWith("ConnectionClosed");
      expect(process.printed().stdout).toContain("cut the requests");
    }),
  );
});
