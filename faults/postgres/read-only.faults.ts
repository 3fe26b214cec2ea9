// A PostgreSQL server that takes no writes for a while, as a primary that is being replaced.
import { expect, test } from "bun:test";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const databases = ["user_service", "order_service"] as const;

test.each(["by sessions that begin read-only", "at once for all sessions"])(
  "both services write again within 5 s after PostgreSQL was read-only, %s",
  async (how) => {
    await using server = await startPostgresServer();
    await using platform = await startOnPostgres(await createDatabases(server));
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await load.until(() => load.writes() > 100);
    await using admin = server.admin();
    const isOfSessions = how.startsWith("by sessions");
    const set = async (what: string) => {
      if (!isOfSessions) {
        await admin.unsafe(`ALTER SYSTEM ${what}`);
        await admin`SELECT pg_reload_conf()`;
      } else for (const name of databases) await admin.unsafe(`ALTER DATABASE ${name} ${what}`);
    };
    await set("SET default_transaction_read_only = on");
    if (isOfSessions) {
      await admin`
        SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
        WHERE usename IN ('user_service', 'order_service')`;
    }
    await probes.until(false);
    const some = refusals(load.users) + 20;
    await load.until(() => refusals(load.users) > some);
    await set("RESET default_transaction_read_only");
    const returnedAt = performance.now();
    const readyMs = await probes.untilReadyAgain(returnedAt);
    // Sessions of before are gone, whose writes would go on failing: 100 writes in a row succeed.
    const refused = () => refusals(load.users) + refusals(load.orders);
    for (let before = -1; before !== refused();) {
      before = refused();
      const more = load.writes() + 100;
      await load.until(() => load.writes() > more);
    }
    const refusedAt = Math.max(load.users.refusedAt, load.orders.refusedAt);
    expect(refusedAt - returnedAt).toBeLessThan(5000);
    probes.expectAlive();
    console.log(`${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`);
  },
);
