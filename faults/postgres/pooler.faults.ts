// Both services behind PgBouncer, with the configuration of docs/postgresql.md.
import { SQL } from "bun";
import { describe, expect } from "bun:test";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { testWith } from "../../shared/testing/required-program.ts";
import { amount } from "../support/scale.ts";
import { startPooler } from "./pooler.ts";

const rounds = amount({ full: 6, fast: 1 });
const test = (name: string, run: () => Promise<void>) => testWith("pgbouncer", name, run);

const startupParameters =
  "platform.session,statement_timeout,lock_timeout,idle_in_transaction_session_timeout";

/**
 * Puts both services behind a pooler through outages under load. Fails if one is not ready again in time,
 * or has lost or doubled a write.
 */
async function surviveOutages(
  { databases }: Awaited<ReturnType<typeof startPooler>>,
  { begin, end }: { begin(round: number): Promise<void>; end(): Promise<void> },
): Promise<void> {
  await using platform = await startOnPostgres(databases);
  await using probes = startProbes([platform.users, platform.orders]);
  await probes.until(true);
  const load = await startOutageLoad(platform);
  const returns: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const enough = load.writes() + 200 + Math.floor(Math.random() * 300);
    await load.until(() => load.writes() >= enough);
    await begin(round);
    await Promise.all([probes.until(false), load.until(() => refusals(load.users) > 20)]);
    const returned = performance.now();
    await end();
    returns.push(await probes.untilReadyAgain(returned));
  }
  probes.expectAlive();
  console.log(`${await load.finish(probes)}; ready after ${returns.map(Math.round).join(", ")} ms`);
}

describe.each([
  ["pool_mode = transaction", {}],
  [
    "settings of new sessions ignored",
    { "[pgbouncer]": `[pgbouncer]\nignore_startup_parameters = ${startupParameters}` },
  ],
  ["pool_mode = session", { "pool_mode = transaction": "pool_mode = session" }],
])("PgBouncer with %s", (_, changes) => {
  test("both services keep every write, and give each client its own rows, when it restarts", async () => {
    await using server = await startPostgresServer();
    await using pooler = await startPooler(server, changes);
    await surviveOutages(pooler, { begin: pooler.stop, end: pooler.start });
  });
});

describe("PgBouncer", () => {
  test("both services keep every write when the server behind it restarts or is killed", async () => {
    await using server = await startPostgresServer();
    await using pooler = await startPooler(server);
    await surviveOutages(pooler, {
      begin: (round) => (round % 2 === 0 ? server.stop("immediate") : server.kill()),
      end: () => server.start(),
    });
  });
});

// Each waits most of its time.
describe.concurrent("PgBouncer", () => {
  test("requests wait for one of few sessions, and are 503 in time while another program has them all", async () => {
    await using server = await startPostgresServer();
    await using pooler = await startPooler(server, {
      "default_pool_size = 20": "default_pool_size = 2",
    });
    await using platform = await startOnPostgres(pooler.databases);
    await using probes = startProbes([platform.users, platform.orders]);
    await probes.until(true);
    const load = await startOutageLoad(platform);
    const enough = load.writes() + 500;
    await load.until(() => load.writes() >= enough);
    expect(refusals(load.users) + refusals(load.orders)).toBe(0);
    const release = await holdAllSessions(Object.values(pooler.databases));
    await Promise.all([
      probes.until(false),
      load.until(() => refusals(load.users) > 20),
      load.until(() => refusals(load.orders) > 20),
    ]);
    await release();
    await probes.untilReadyAgain(performance.now());
    probes.expectAlive();
    console.log(await load.finish(probes));
  });

  test("four processes of each service migrate at once, though it takes longer than a statement may", async () => {
    await using server = await startPostgresServer();
    await using pooler = await startPooler(server);
    const databases = ["user_service", "order_service"];
    for (const name of databases) {
      await using admin = server.admin(name);
      await admin.unsafe(`
        CREATE SEQUENCE indexes;
        CREATE FUNCTION delay_first_index() RETURNS event_trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
          IF nextval('public.indexes') = 1 THEN PERFORM pg_sleep(4); END IF;
        END $$;
        CREATE EVENT TRIGGER delay_first_index ON ddl_command_start
        WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION delay_first_index()`);
    }
    await using platform = await startOnPostgres(pooler.databases);
    const more = (service: ServiceName) => [1, 2, 3].map(() => platform.startAnother(service));
    const others = await Promise.all([...more("user-service"), ...more("order-service")]);
    await using probes = startProbes([platform.users, platform.orders, ...others]);
    await probes.until(true);
    for (const name of databases) {
      await using admin = server.admin(name);
      const versions = await admin<{ version: number }[]>`
        SELECT version FROM schema_migrations ORDER BY applied_at, version`;
      expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
    }
  });
});

/** Takes all sessions of pools of two. @returns gives them back */
async function holdAllSessions(urls: readonly string[]): Promise<() => Promise<void>> {
  const sessions = urls.flatMap((url) =>
    [1, 2].map(() => new SQL(url, { max: 1, prepare: false })),
  );
  await Promise.all(sessions.map((sql) => sql.unsafe("BEGIN").simple()));
  return async () => {
    await Promise.all(sessions.map((sql) => sql.close({ timeout: 0 })));
  };
}
