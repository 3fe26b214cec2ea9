// A PostgreSQL server whose sessions are all used by other programs.
import { SQL } from "bun";
import { expect, test } from "bun:test";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer, type PostgresServer } from "../support/postgres-server.ts";

const settings = ["max_connections=24"];

/** Takes all slots for another program, also those of the services, until the end of the scope. */
async function takeAllSlots(server: PostgresServer, url: string): Promise<AsyncDisposable> {
  const admin = server.admin();
  const taken: SQL[] = [];
  async function takeOne(): Promise<boolean> {
    const sql = new SQL(url, { max: 1 });
    const isTaken = await sql`SELECT 1`.then(
      () => true,
      () => false,
    );
    if (isTaken) taken.push(sql);
    else await sql.close({ timeout: 0 });
    return isTaken;
  }
  for (let isFull = false; !isFull;) {
    // Several at once, or the services are faster.
    while ((await Promise.all(Array.from({ length: 8 }, takeOne))).some(Boolean));
    const ended = await admin<object[]>`
      SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
      WHERE usename IN ('user_service', 'order_service')
        -- A session that authenticates has no name yet. PostgreSQL lists it from version 18 on.
        OR state = 'starting'`;
    isFull = ended.length === 0;
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([admin, ...taken].map((sql) => sql.close({ timeout: 0 })));
    },
  };
}

test.concurrent("both services start without a free session of PostgreSQL, and serve as soon as there are some", async () => {
  await using server = await startPostgresServer({ settings });
  const databases = await createDatabases(server);
  const other = await server.createDatabase("other_program");
  const taken = await takeAllSlots(server, other);
  await using platform = await startOnPostgres(databases);
  const { users, orders } = platform;
  await using probes = startProbes([users, orders]);
  for (const each of [users, orders]) {
    const { reason } = await each.logged("database cannot be reached");
    expect(reason).toBe("the server has no free session; raise max_connections");
  }
  await probes.until(false);
  for (const [{ fetch }, path] of [
    [users, "/users"],
    [orders, "/orders"],
  ] as const) {
    const response = await fetch(path);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ code: "storage-unavailable" });
  }
  await taken[Symbol.asyncDispose]();
  await probes.untilReadyAgain(performance.now());
  const load = await startOutageLoad(platform);
  await load.until(() => load.writes() > 50);
  await load.finish(probes);
  probes.expectAlive();
});

test.concurrent("both services keep every acknowledged write while other programs take all sessions", async () => {
  await using server = await startPostgresServer({ settings });
  const databases = await createDatabases(server);
  const other = await server.createDatabase("other_program");
  const env = { DATABASE_POOL_SIZE: "5" };
  await using platform = await startOnPostgres(databases, { users: env, orders: env });
  await using probes = startProbes([platform.users, platform.orders]);
  const load = await startOutageLoad(platform);
  await load.until(() => load.writes() > 100);
  const taken = await takeAllSlots(server, other);
  const some = refusals(load.users) + 20;
  await Promise.all([probes.until(false), load.until(() => refusals(load.users) > some)]);
  await taken[Symbol.asyncDispose]();
  const readyMs = await probes.untilReadyAgain(performance.now());
  probes.expectAlive();
  console.log(`${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`);
});
