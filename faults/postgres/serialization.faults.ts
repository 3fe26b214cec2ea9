// Statements that PostgreSQL undoes for the sake of others: serialization failures and deadlocks.
import type { SQL } from "bun";
import { describe, expect, test } from "bun:test";
import { runCommand, type Running, type ServiceName } from "../../shared/testing/executable.ts";
import { startLoadBalancer } from "../replicas/load-balancer.ts";
import { refusals, type Seen } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import {
  createDatabases,
  startOnPostgres,
  type PostgresPlatform,
} from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { newUser, sending } from "../support/platform/resources.ts";
import { startPostgresServer, type PostgresServer } from "../support/postgres-server.ts";
import { amount } from "../support/scale.ts";
import { failMigrations, failStatements } from "./serialization.ts";

const writes = amount({ full: 5000, fast: 600 });

const responses = ({ counts }: Seen) => [...counts.values()].reduce((sum, n) => sum + n, 0);

/** @throws Error if more than two of a hundred requests were refused */
function expectFewRefusals(seen: Seen): void {
  expect(refusals(seen)).toBeLessThanOrEqual(responses(seen) / 50);
}

/** Two processes of each service under one address each. */
async function startReplicas(server: PostgresServer) {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startOnPostgres(await createDatabases(server)));
  async function balance(service: ServiceName, first: Running): Promise<Running> {
    const balancer = stack.use(await startLoadBalancer());
    await balancer.add(first);
    await balancer.add(await platform.startAnother(service));
    const { url, port } = balancer;
    return { ...first, url, port, fetch: (path, init) => fetch(url + path, init) };
  }
  const users = await balance("user-service", platform.users);
  const orders = await balance("order-service", platform.orders);
  const owned = stack.move();
  return { users, orders, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const codeOf = async (response: Response) => {
  const { code } = (await response.json()) as { code: string };
  return [response.status, code];
};

const storedUsers = async ({ users }: PostgresPlatform) =>
  (await (await users.fetch("/users")).json()) as unknown[];

describe("statements that PostgreSQL undoes", () => {
  test("are repeated: of reads, creates, keyed creates, changes and deletes few are refused, none done twice", async () => {
    await using server = await startPostgresServer();
    await using platform = await startOnPostgres(await createDatabases(server));
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await failStatements(server, 2);
    await load.until(() => load.writes() >= writes);
    expectFewRefusals(load.users);
    expectFewRefusals(load.orders);
    await failStatements(server, 0);
    console.log(await load.finish(probes));
  });

  test("are 503 after a few attempts, store nothing, and leave the key free", async () => {
    await using server = await startPostgresServer();
    await using platform = await startOnPostgres(await createDatabases(server));
    const { users } = platform;
    const body = newUser(1);
    const created = await users.fetch("/users", sending("POST", body));
    const { id } = (await created.json()) as { id: string };
    await failStatements(server, 10);
    const keyed = sending("POST", newUser(2), { "idempotency-key": "k-1" });
    const busy = [503, "storage-busy"];
    for (const [path, init] of [
      [`/users/${id}`, {}],
      ["/users", {}],
      ["/users", sending("POST", newUser(3))],
      ["/users", keyed],
      [`/users/${id}`, sending("PATCH", { name: "Changed" })],
      [`/users/${id}`, { method: "DELETE" }],
    ] as const) {
      const response = await users.fetch(path, init);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await codeOf(response)).toEqual(busy);
    }
    await failStatements(server, 0);
    expect(await storedUsers(platform)).toMatchObject([{ id, ...body }]);
    expect((await users.fetch("/users", keyed)).status).toBe(201);
    expect(await storedUsers(platform)).toHaveLength(2);
  });

  test.each(["40001", "40P01"])(
    "in a migration (%s) are repeated until it is done",
    async (state) => {
      await using server = await startPostgresServer();
      const databases = await createDatabases(server);
      await failMigrations(server, "user_service", state, 2);
      await failMigrations(server, "order_service", state, 2);
      const env = { DATABASE_URL: databases.orders };
      const migrated = await runCommand("order-service", ["migrate"], { cwd: "/", env });
      expect(migrated).toMatchObject({ status: 0, stderr: "" });
      await using platform = await startOnPostgres(databases);
      expect(await platform.users.logged("migrated")).toMatchObject({ from: 0 });
      expect(await storedUsers(platform)).toEqual([]);
    },
  );
});

test.each(["serializable", "repeatable read"])(
  "both services on two replicas keep every write, and refuse few, on a server that is %s by default",
  async (level) => {
    const setting = `default_transaction_isolation=${level}`;
    await using server = await startPostgresServer({ settings: [setting] });
    await using platform = await startReplicas(server);
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await load.until(() => load.writes() >= writes);
    console.log(await load.finish(probes));
    expectFewRefusals(load.users);
    expectFewRefusals(load.orders);
  },
);

test("DELETE /users/{id} is done although PostgreSQL undoes it in a deadlock with another program", async () => {
  // Less than a statement of a service waits for a lock.
  await using server = await startPostgresServer({ settings: ["deadlock_timeout=200ms"] });
  await using platform = await startOnPostgres(await createDatabases(server));
  await using program = server.admin("user_service");
  const deadlocks = () => server.log().split("deadlock detected").length - 1;
  const wanted = amount({ full: 20, fast: 3 });
  for (let n = 0; deadlocks() < wanted; n += 1) {
    // On a busy machine, one may not come about in time.
    expect(n).toBeLessThan(wanted + 20);
    const create = sending("POST", newUser(n), { "idempotency-key": `k-${n}` });
    const created = await platform.users.fetch("/users", create);
    const { id } = (await created.json()) as { id: string };
    const hasKey = Promise.withResolvers<void>();
    const isWaited = Promise.withResolvers<void>();
    const locking = program.begin(async (transaction) => {
      // Of the two, the service is the one that PostgreSQL undoes.
      await transaction`SET LOCAL deadlock_timeout = '10s'`;
      await transaction`SELECT FROM idempotency_keys WHERE resource_id = ${id} FOR UPDATE`;
      hasKey.resolve();
      await isWaited.promise;
      await transaction`SELECT FROM users WHERE id = ${id} FOR UPDATE`;
    });
    await hasKey.promise;
    const deletion = platform.users.fetch(`/users/${id}`, { method: "DELETE" });
    await waitsForLock(program);
    isWaited.resolve();
    await locking;
    expect((await deletion).status).toBe(204);
    expect((await platform.users.fetch(`/users/${id}`)).status).toBe(404);
  }
});

/** Resolves once a statement of the same database waits for a lock. */
async function waitsForLock(sql: SQL): Promise<void> {
  for (;;) {
    const found = await sql`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    if (found.length > 0) return;
  }
}
