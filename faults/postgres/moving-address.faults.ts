// PostgreSQL gets another address under the same name, as after a failover or a move.
import { expect, test } from "bun:test";
import { serverPath } from "../../shared/test/postgres/server-path.ts";
import { movingName } from "../support/moving-name.ts";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const [before, after] = ["127.0.0.2", "127.0.0.3"] as const;

test.concurrent.each(["refuses connections", "swallows all packets"])(
  "both services follow PostgreSQL to another address within 5 s, when its former one %s",
  async (trouble) => {
    await using server = await startPostgresServer();
    const databases = await createDatabases(server);
    await using name = movingName("database.test", before);
    using former = serverPath(databases.users, { hostname: before, port: 0 });
    const port = Number(new URL(former.url).port);
    const named = (url: string) => {
      const moving = new URL(url);
      moving.hostname = name.name;
      moving.port = String(port);
      return moving.href;
    };
    await using platform = await startOnPostgres(
      { users: named(databases.users), orders: named(databases.orders) },
      { under: name.under },
    );
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await probes.until(true);
    await load.until(() => load.writes() > 50);
    const some = refusals(load.users) + 10;
    if (trouble === "refuses connections") former.close();
    else former.freeze(true);
    await Promise.all([probes.until(false), load.until(() => refusals(load.users) > some)]);
    using latter = serverPath(databases.users, { hostname: after, port });
    name.setAddresses(after);
    const readyMs = await probes.untilReadyAgain(performance.now());
    const returned = load.writes();
    await load.until(() => load.writes() > returned + 50);
    probes.expectAlive();
    expect(new URL(latter.url).port).toBe(String(port));
    console.log(`${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`);
  },
);
