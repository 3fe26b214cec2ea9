// Statements that hang in PostgreSQL because another program holds a lock.
import type { SQL } from "bun";
import { expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { createUser, newOrder, newUser, sending } from "../support/platform/resources.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

/** The longest time until a response, with what a busy machine adds to 5 s. */
const maxMs = 6000;

/** Runs statements in a transaction that stays open until the end of the scope. */
async function holding(sql: SQL, ...statements: readonly string[]): Promise<AsyncDisposable> {
  const session = await sql.reserve();
  await session.unsafe("BEGIN");
  for (const statement of statements) await session.unsafe(statement);
  return {
    async [Symbol.asyncDispose]() {
      await session.unsafe("ROLLBACK");
      await session.release();
    },
  };
}

/** A response, and how long it took. */
async function timed({ fetch }: Running, path: string, init?: RequestInit) {
  const sentAt = performance.now();
  const response = await fetch(path, init);
  const body: unknown = await response.json();
  return { status: response.status, body, response, tookMs: performance.now() - sentAt };
}

/** Expects the refusal of a request that would have waited for a lock. */
async function expectBusy(request: ReturnType<typeof timed>): Promise<void> {
  const { status, body, response, tookMs } = await request;
  expect({ status, body }).toMatchObject({ status: 503, body: { code: "storage-busy" } });
  expect(response.headers.get("retry-after")).toBe("1");
  expect(tookMs).toBeLessThan(maxMs);
}

test.concurrent("both services refuse in time what needs a locked table, and lose nothing", async () => {
  await using server = await startPostgresServer();
  await using platform = await startOnPostgres(await createDatabases(server));
  const { users, orders } = platform;
  await using probes = startProbes([users, orders]);
  const load = await startOutageLoad(platform);
  await load.until(() => load.writes() > 50);
  await using userTables = server.admin("user_service");
  await using orderTables = server.admin("order_service");
  {
    await using held = new AsyncDisposableStack();
    held.use(await holding(userTables, "LOCK TABLE users"));
    held.use(await holding(orderTables, "LOCK TABLE orders, idempotency_keys"));
    const busy = "503 storage-busy";
    const count = () => [load.users, load.orders].map(({ counts }) => counts.get(busy) ?? 0);
    const [ofUsers = 0, ofOrders = 0] = count();
    // Long enough for every client to have been refused twice.
    const isRefused = () => {
      const [nowOfUsers = 0, nowOfOrders = 0] = count();
      return nowOfUsers > ofUsers + 12 && nowOfOrders > ofOrders + 6;
    };
    await load.until(isRefused);
  }
  await probes.untilReadyAgain(performance.now());
  const more = load.writes() + 50;
  await load.until(() => load.writes() > more);
  probes.expectAlive();
  console.log(await load.finish(probes));
});

test.concurrent("a user, an order or a key that hangs in PostgreSQL is refused, and all others are served", async () => {
  await using server = await startPostgresServer();
  await using platform = await startOnPostgres(await createDatabases(server));
  const { users, orders } = platform;
  await using probes = startProbes([users, orders]);
  const userId = await createUser(users, 1_000_000);
  const place = (n: number, headers = {}) =>
    timed(orders, "/orders", sending("POST", newOrder(userId, n), headers));
  const { body } = await place(1_000_000);
  const { id: orderId } = body as { id: string };
  await using userRows = server.admin("user_service");
  await using orderRows = server.admin("order_service");
  // An order whose INSERT waits for an advisory lock, as one of a slow trigger does.
  await orderRows.unsafe(`
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.items::text LIKE '%ARTICLE-666%' THEN PERFORM pg_advisory_xact_lock(1); END IF;
      RETURN NEW;
    END $$`);
  await orderRows.unsafe(
    "CREATE TRIGGER wait BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION wait()",
  );
  const load = await startOutageLoad(platform);
  await load.until(() => load.writes() > 50);
  const refused = () =>
    [load.users, load.orders].map(({ counts }) =>
      [...counts].filter(([what]) => what.startsWith("503")).map(([what]) => what),
    );
  {
    await using held = new AsyncDisposableStack();
    const ofUsers = await holding(
      userRows,
      `SELECT 1 FROM users WHERE id = '${userId}' FOR UPDATE`,
      // Its address is not free before the transaction has ended.
      `INSERT INTO users VALUES (gen_random_uuid(), 'Other', 'user666@example.com', 1, 1)`,
    );
    held.use(ofUsers);
    const ofOrders = await holding(
      orderRows,
      `SELECT 1 FROM orders WHERE id = '${orderId}' FOR UPDATE`,
      "SELECT pg_advisory_xact_lock(1)",
      `INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, created_at)
       VALUES ('held', 'f', gen_random_uuid(), 1, 1)`,
    );
    held.use(ofOrders);
    const enough = load.writes() + 200;
    const others = load.until(() => load.writes() > enough);
    await Promise.all([
      expectBusy(timed(users, `/users/${userId}`, sending("PATCH", { name: "A" }))),
      expectBusy(timed(users, `/users/${userId}`, sending("PATCH", { name: "B" }))),
      expectBusy(timed(users, "/users", sending("POST", newUser(666)))),
      expectBusy(timed(orders, `/orders/${orderId}`, sending("PATCH", { status: "confirmed" }))),
      expectBusy(place(666)),
      expectBusy(place(1, { "idempotency-key": "held" })),
    ]);
    await others;
    expect(refused()).toEqual([[], []]);
  }
  expect((await timed(users, "/users", sending("POST", newUser(666)))).status).toBe(201);
  expect((await place(666, { "idempotency-key": "held" })).status).toBe(201);
  const change = sending("PATCH", { status: "confirmed" });
  expect((await timed(orders, `/orders/${orderId}`, change)).status).toBe(200);
  probes.expectAlive();
  console.log(await load.finish(probes));
});

test.concurrent("POST /orders waits 5 s in all, for the lock on its key and for a user-service that hangs", async () => {
  await using server = await startPostgresServer();
  await using platform = await startOnPostgres(await createDatabases(server));
  const { users, orders } = platform;
  const order = newOrder(await createUser(users, 1), 1);
  await using orderTables = server.admin("order_service");
  const sent = sending("POST", order, { "idempotency-key": "k" });
  users.kill("SIGSTOP");
  try {
    const lock = await holding(orderTables, "LOCK TABLE idempotency_keys");
    const placing = timed(orders, "/orders", sent);
    await orderTables`SELECT pg_sleep(1.25)`;
    await lock[Symbol.asyncDispose]();
    const { status, tookMs } = await placing;
    expect(status).toBe(503);
    expect(tookMs).toBeLessThan(maxMs);
  } finally {
    users.kill("SIGCONT");
  }
});
