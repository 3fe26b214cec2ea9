// A PostgreSQL server that is restarted or crashes under load.
import { expect, test } from "bun:test";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer, type PostgresServer } from "../support/postgres-server.ts";
import { amount } from "../support/scale.ts";

const rounds = amount({ full: 6, fast: 2 });

test.each<[string, (server: PostgresServer) => Promise<void>]>([
  ["is stopped with -m immediate", (server) => server.stop("immediate")],
  ["is stopped with -m fast", (server) => server.stop("fast")],
  ["is killed with SIGKILL", (server) => server.kill()],
])("both services keep every acknowledged write when PostgreSQL %s", async (_, end) => {
  await using server = await startPostgresServer();
  await using platform = await startOnPostgres(await createDatabases(server));
  await using probes = startProbes([platform.users, platform.orders]);
  const load = await startOutageLoad(platform);
  await probes.until(true);
  const returns: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const enough = load.writes() + 200 + Math.floor(Math.random() * 300);
    await load.until(() => load.writes() >= enough);
    await end(server);
    await Promise.all([probes.until(false), load.until(() => refusals(load.users) > 20)]);
    const returned = performance.now();
    await server.start();
    returns.push(await probes.untilReadyAgain(returned));
  }
  probes.expectAlive();
  expect(refusals(load.orders)).toBeGreaterThan(0);
  console.log(`${await load.finish(probes)}; ready after ${returns.map(Math.round).join(", ")} ms`);
});
