// A disk of PostgreSQL that stalls: commits wait for its flush, and the server itself ends no such wait.
import { expect, test } from "bun:test";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import { mostSessions } from "./most-sessions.ts";

const poolSize = 3;
/** The clients get so many within some seconds, in which writes that are sent would take all sessions again. */
const refused = amount({ full: 1500, fast: 800 });
const forever = 1_000_000;

test("sessions do not pile up, reads are served, and no write is lost, while PostgreSQL's disk stalls", async () => {
  await using shim = await startShim();
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPostgresServer({ env: shim.env }));
  // A server that waits for its disk does not end.
  stack.defer(() => shim.set({ flushDelayMs: 0 }));
  const env = { DATABASE_POOL_SIZE: String(poolSize) };
  await using platform = await startOnPostgres(await createDatabases(server), {
    users: env,
    orders: env,
  });
  await using probes = startProbes([platform.users, platform.orders]);
  await using admin = server.admin();
  const reads = [
    [platform.users, "/users?limit=1"],
    [platform.orders, "/orders?limit=1"],
  ] as const;
  const load = await startOutageLoad(platform);
  await probes.until(true);
  await load.until(() => load.writes() > 50);

  shim.set({ flushDelayMs: forever });
  let most = 0;
  const refusedSoFar = () => refusals(load.users) + refusals(load.orders);
  while (refusedSoFar() < refused) {
    for (const [service, resource] of reads) {
      expect((await service.fetch(resource)).status).toBe(200);
      expect((await service.fetch("/ready")).status).toBe(200);
    }
    most = Math.max(most, await mostSessions(admin));
    // Those that wait for the disk, those of the pool, and one that looks whether they still do.
    expect(most).toBeLessThanOrEqual(2 * poolSize + 1);
    const next = refusedSoFar() + 1;
    await load.until(() => refusedSoFar() >= next);
  }
  for (const service of [platform.users, platform.orders]) {
    const told = service.lines.filter(({ msg }) => msg === "database cannot be reached");
    expect(told.at(-1)?.["reason"]).toStartWith("commits wait for the server's disk;");
  }

  shim.set({ flushDelayMs: 0 });
  const enough = load.writes() + 50;
  await load.until(() => load.writes() > enough);
  probes.expectAlive();
  console.log(`${most} sessions at most; ${await load.finish(probes)}`);
});
