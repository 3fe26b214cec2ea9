// PostgreSQL has no room left on the disk of the tables.
import { spawnSync } from "node:child_process";
import { expect, test } from "bun:test";
import { ownerInsteadOfRoot } from "../../shared/testing/postgres-files.ts";
import { smallDisk } from "../disk/small-disk.ts";
import { metricOf } from "../support/metric.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const full = "503 storage-full";

test("both services refuse writes as storage-full, and nothing else, while PostgreSQL's disk is full", async () => {
  await using disk = await smallDisk(64);
  if (ownerInsteadOfRoot) {
    const { uid, gid } = ownerInsteadOfRoot;
    expect(spawnSync("chown", [`${uid}:${gid}`, disk.path]).status).toBe(0);
    expect(spawnSync("chmod", ["755", disk.path]).status).toBe(0);
  }
  await using server = await startPostgresServer();
  const databases = await createDatabases(server);
  await using admin = server.admin();
  await admin.unsafe(`CREATE TABLESPACE small LOCATION '${disk.path}'`);
  for (const name of ["user_service", "order_service"]) {
    await admin.unsafe(`ALTER DATABASE ${name} SET TABLESPACE small`);
  }
  await using platform = await startOnPostgres(databases);
  await using probes = startProbes([platform.users, platform.orders]);
  const load = await startOutageLoad(platform);
  await probes.until(true);
  await load.until(() => load.writes() > 50);
  await disk.fill();
  const count = () => [load.users, load.orders].map(({ counts }) => counts.get(full) ?? 0);
  await load.until(() => count().every((found) => found > 5));
  for (const service of [platform.users, platform.orders]) {
    for (const counter of ["storage_refused_total", "storage_commit_failures_total"]) {
      expect(await metricOf(service, `${counter}{reason="full"}`)).toBeGreaterThan(0);
    }
  }
  // Reads go on, so both are ready.
  expect((await platform.users.fetch("/users?limit=1")).status).toBe(200);
  expect((await platform.orders.fetch("/orders?limit=1")).status).toBe(200);
  await probes.until(true);
  await disk.free();
  await probes.untilReadyAgain(performance.now());
  const more = load.writes() + 50;
  await load.until(() => load.writes() > more);
  probes.expectAlive();
  const refused = [load.users, load.orders].flatMap(({ counts }) =>
    [...counts.keys()].filter((what) => what.startsWith("503")),
  );
  expect([...new Set(refused)]).toEqual([full]);
  console.log(await load.finish(probes));
});
