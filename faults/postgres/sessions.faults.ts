// Sessions that PostgreSQL ends under load.
import { expect, test } from "bun:test";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { amount } from "../support/scale.ts";

const kills = amount({ full: 100, fast: 20 });
const writes = amount({ full: 500, fast: 40 });

test("both services go on, and keep every acknowledged write, while all their sessions are killed five times a second", async () => {
  await using server = await startPostgresServer();
  const env = { DATABASE_POOL_SIZE: "4" };
  await using platform = await startOnPostgres(await createDatabases(server), {
    users: env,
    orders: env,
  });
  await using probes = startProbes([platform.users, platform.orders]);
  const load = await startOutageLoad(platform);
  await probes.until(true);
  await using admin = server.admin();
  let ended = 0;
  const before = load.writes();
  const isOver = () => load.writes() >= before + writes;
  const enough = load.until(isOver);
  for (let kill = 0; kill < kills || !isOver(); kill += 1) {
    await Promise.race([Bun.sleep(200), enough.then(() => Bun.sleep(200))]);
    const killed = await admin<object[]>`
      SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
      WHERE usename IN ('user_service', 'order_service')`;
    ended += killed.length;
  }
  const during = load.writes() - before;
  const readyMs = await probes.untilReadyAgain(performance.now());
  probes.expectAlive();
  const refused = refusals(load.users) + refusals(load.orders);
  console.log(
    `${ended} sessions killed, ${during} writes and ${refused} refusals meanwhile; ` +
      `${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`,
  );
  expect(refused).toBeGreaterThan(0);
});
