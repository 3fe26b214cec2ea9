// A storage in trouble is told by a code and a word: nothing of what is in it, nor where it is.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { user, healthy } from "../support/platform/fake-user-service.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { createSecretUser, placeSecretOrder, secretOrder, secretUser } from "./secret-requests.ts";
import { secret } from "./secret-words.ts";
import { expectSilence, startWatched, type Watched } from "./watched-service.ts";

const json = { "content-type": "application/json" };

/** Both services with something in their databases, and ways to ask for it. */
async function startBoth(env: Readonly<Record<string, string>> = {}) {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(await temporaryFolder()).path;
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

/** Has another process change a database behind the service's back. */
function tamper(path: string, ...statements: string[]): void {
  using db = new Database(path);
  db.run("PRAGMA ignore_check_constraints = ON");
  for (const statement of statements) db.run(statement);
}

async function fail({ ask }: Watched, method: string, path: string, body?: string) {
  const { body: problem } = await ask(500, [method, path, json, body]);
  expect(JSON.parse(problem)).toMatchObject({ detail: "Something went wrong on our side" });
}

function failuresLogged({ observed }: Watched): string[] {
  const { stdout } = observed.printed();
  return Array.from(
    stdout.matchAll(/"level":"error".*"err":\{"type":"[^"]+","message":"([^"]*)"/g),
    ([, message = ""]) => message,
  );
}

test("a database that others changed is not told of", async () => {
  await using both = await startBoth();
  const { users, orders } = both;
  const abort = (event: string) =>
    `CREATE TRIGGER stop BEFORE ${event} BEGIN SELECT RAISE(ABORT, '${secret("stored")}'); END`;
  const other = JSON.stringify({ name: secret("name"), email: "other@example.com" });

  tamper(users.database, "CREATE UNIQUE INDEX one_of_a_name ON users (name)");
  await fail(users, "POST", "/users", other);
  tamper(users.database, abort("UPDATE ON users"));
  await fail(users, "PATCH", users.path, `{"name":"${secret("name")}s"}`);
  tamper(users.database, "DROP TRIGGER stop", `UPDATE users SET email = '${secret("stored")}'`);
  await fail(users, "GET", users.path);
  tamper(users.database, `ALTER TABLE users RENAME COLUMN name TO ${secret("stored")}`);
  await fail(users, "POST", "/users", other);
  tamper(users.database, "DROP TABLE users");
  await fail(users, "DELETE", users.path);
  await expectSilence(users);
  const misfit = "A response does not match its schema: /email: ";
  expect(failuresLogged(users)).toEqual([
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_TRIGGER",
    expect.stringContaining(misfit),
    "SQLITE_ERROR",
    "SQLITE_ERROR",
  ]);

  tamper(orders.database, abort("INSERT ON orders"));
  await fail(orders, "POST", "/orders", secretOrder(user.id));
  tamper(orders.database, `UPDATE order_items SET sku = '${secret("stored").repeat(10)}'`);
  await fail(orders, "GET", orders.path);
  tamper(orders.database, "DROP TABLE order_items");
  await fail(orders, "PATCH", orders.path, `{"status":"confirmed"}`);
  await expectSilence(orders);
  expect(failuresLogged(orders)).toHaveLength(3);
});

test("a damaged database is not told of", async () => {
  await using both = await startBoth();
  for (const service of [both.users, both.orders]) {
    tamper(service.database, "PRAGMA wal_checkpoint(TRUNCATE)");
    const { size } = await stat(service.database);
    const file = await open(service.database, "r+");
    // The first page stays, or nobody could tell the service that the others have changed.
    await file.write(Buffer.alloc(size - 4096, secret("stored")), 0, size - 4096, 4096);
    await file.close();
    tamper(service.database, "PRAGMA user_version = 1");
    await fail(service, "GET", service.path);
    await expectSilence(service);
    expect(failuresLogged(service)).toEqual(["SQLITE_CORRUPT"]);
  }
});

test("a database that was taken away is not told of", async () => {
  await using both = await startBoth();
  const { users, orders } = both;
  for (const { ask, database } of [users, orders]) {
    await rm(database);
    await ask(503, ["GET", "/ready"]);
  }
  const other = JSON.stringify({ name: secret("name"), email: "other@example.com" });
  await users.ask(503, ["POST", "/users", json, other]);
  await orders.ask(503, ["POST", "/orders", json, secretOrder(user.id)]);
  await expectSilence(users);
  await expectSilence(orders);
});

test("a locked database is not told of, to those who waited and to those who were not let in", async () => {
  await using both = await startBoth({ MAX_IN_FLIGHT: "2", SHUTDOWN_GRACE_MS: "100" });
  const { users, orders } = both;
  const key = { ...json, "idempotency-key": `${secret("key")}2` };
  const asked = [
    [users, ["POST", "/users", json, secretUser]],
    [orders, ["POST", "/orders", key, secretOrder(user.id)]],
  ] as const;
  await Promise.all(
    asked.map(async ([service, request]) => {
      const { ask, observed, database } = service;
      using lock = new Database(database);
      lock.run("BEGIN EXCLUSIVE");
      const inFlight = async (count: number) => {
        const isSo = async () =>
          (await ask(200, ["GET", "/metrics"])).body.includes(`requests_in_flight ${count}\n`);
        while (!(await isSo()));
      };
      const waiting = [ask(503, [...request]), ask(503, [...request])];
      await inFlight(2);
      await ask(503, ["GET", service.path]);
      await Promise.all(waiting);
      const cut = ask(503, [...request]).catch(String);
      await inFlight(1);
      await expectSilence(service, 1);
      expect(await cut).toStartWith("ConnectionClosed");
      expect(observed.printed().stdout).toContain("cut the requests");
    }),
  );
});
