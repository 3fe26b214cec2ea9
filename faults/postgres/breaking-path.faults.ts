// A network path to PostgreSQL whose connections break: during the handshake of TLS, the log-in, the first
// statements and later.
import { expect, test } from "bun:test";
import { refusals, type Seen } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { amount } from "../support/scale.ts";
import { breakingPath, type Break, type BreakingPath } from "./breaking-path.ts";
import { startCertificates } from "./startup-certificates.ts";

const connections = amount({ full: 300, fast: 60 });
const refused = amount({ full: 50, fast: 10 });

/** A server behind a path for each service, which checks its certificate, or speaks plain text. */
async function startBehindPaths(isTls: boolean, kinds: readonly Break[]) {
  await using stack = new AsyncDisposableStack();
  const authority = stack.use(startCertificates()).authority();
  const server = stack.use(
    await startPostgresServer({
      settings: ["ssl=on"],
      prepare: (data) => authority.certify(data, "localhost"),
    }),
  );
  const databases = await createDatabases(server);
  async function behindPath(direct: string) {
    const url = new URL(direct);
    if (isTls) {
      url.hostname = "localhost";
      url.search = `sslmode=verify-full&sslrootcert=${authority.certificate}`;
    }
    return stack.use(await breakingPath(url.href, kinds));
  }
  const users = await behindPath(databases.users);
  const orders = await behindPath(databases.orders);
  const owned = stack.move();
  return { users, orders, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test.each<[string, boolean, readonly Break[]]>([
  ["breaks the connections of TLS", true, ["end", "reset", "damage"]],
  ["breaks connections in plain text", false, ["end", "reset"]],
])(
  "both services refuse as documented, and lose no write, on a path that %s at any byte",
  async (_, isTls, kinds) => {
    await using paths = await startBehindPaths(isTls, kinds);
    const { users, orders } = paths;
    const env = { DATABASE_POOL_SIZE: "4" };
    await using platform = await startOnPostgres(
      { users: users.url, orders: orders.url },
      { users: env, orders: env },
    );
    await using probes = startProbes([platform.users, platform.orders]);
    const load = await startOutageLoad(platform);
    await probes.until(true);
    await load.until(() => load.writes() > 50);
    const before = load.writes();
    for (const path of [users, orders]) path.break();
    const isEnough = (path: BreakingPath, seen: Seen) =>
      path.broken >= connections && refusals(seen) >= refused;
    await load.until(() => isEnough(users, load.users) && isEnough(orders, load.orders));
    const during = load.writes() - before;
    for (const path of [users, orders]) path.heal();
    const readyMs = await probes.untilReadyAgain(performance.now());
    const enough = load.writes() + 50;
    await load.until(() => load.writes() > enough);
    probes.expectAlive();
    console.log(
      `${users.broken + orders.broken} connections broken, ${during} writes meanwhile; ` +
        `${await load.finish(probes)}; ready after ${Math.round(readyMs)} ms`,
    );
    expect(during).toBeGreaterThan(0);
  },
);
