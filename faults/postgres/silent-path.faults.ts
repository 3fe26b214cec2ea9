// A network path to PostgreSQL that swallows packets: nothing is refused, and nothing arrives.
import { expect, test } from "bun:test";
import { serverPath } from "../../shared/test/postgres/server-path.ts";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import {
  createDatabases,
  startOnPostgres,
  type Databases,
} from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

/** Both databases' URLs by way of a path, which ends with the scope. */
function byPath({ users, orders }: Databases) {
  const paths = [serverPath(users), serverPath(orders)] as const;
  return {
    urls: { users: paths[0].url, orders: paths[1].url },
    freeze: (withLater: boolean) => paths.forEach((path) => path.freeze(withLater)),
    thaw: () => paths.forEach((path) => path.thaw()),
    [Symbol.dispose]: () => paths.forEach((path) => path.close()),
  };
}

test.concurrent.each([
  ["of now, while new ones work", false],
  ["of now and later", true],
])(
  "both services lose no write on a path that swallows the packets of connections %s",
  async (_, withLater) => {
    await using server = await startPostgresServer();
    using path = byPath(await createDatabases(server));
    await using platform = await startOnPostgres(path.urls);
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await probes.until(true);
    await load.until(() => load.writes() > 50);
    const [users, orders] = [refusals(load.users), refusals(load.orders)];
    path.freeze(withLater);
    await Promise.all([
      // With new connections that work, each is ready again before the other one is not.
      ...(withLater ? [probes.until(false)] : []),
      load.until(() => refusals(load.users) > users && refusals(load.orders) > orders),
    ]);
    path.thaw();
    const readyMs = await probes.untilReadyAgain(performance.now());
    const more = load.writes() + 50;
    await load.until(() => load.writes() > more);
    probes.expectAlive();
    console.log(`${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`);
  },
);

test.concurrent("both services start on a path that swallows packets, and serve as soon as it carries them", async () => {
  await using server = await startPostgresServer();
  using path = byPath(await createDatabases(server));
  path.freeze(true);
  await using platform = await startOnPostgres(path.urls);
  const { users, orders } = platform;
  await using probes = startProbes([users, orders]);
  await probes.until(false);
  for (const [{ fetch }, resource] of [
    [users, "/users"],
    [orders, "/orders"],
  ] as const) {
    const response = await fetch(resource);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ code: "storage-unavailable" });
  }
  path.thaw();
  await probes.untilReadyAgain(performance.now());
  const load = await startOutageLoad(platform);
  await load.until(() => load.writes() > 50);
  probes.expectAlive();
  await load.finish(probes);
});
