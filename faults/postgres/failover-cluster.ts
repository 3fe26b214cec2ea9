// A primary, a standby that each commit waits for, and both services behind the primary's address.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createDatabases,
  startOnPostgres,
  type PostgresPlatform,
} from "../support/platform/postgres-platform.ts";
import { startPostgresServer, type PostgresServer } from "../support/postgres-server.ts";
import { startPrimaryAddress, type PrimaryAddress } from "./failover-address.ts";

/** The name by which the primary knows its standby. */
const standbyName = "standby";

/** Both servers and both services; all end with the scope. */
export interface Cluster extends AsyncDisposable {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly address: PrimaryAddress;
  readonly platform: PostgresPlatform;
  /** Makes the standby the primary. Resolves when it takes writes. */
  promote(): Promise<void>;
}

/**
 * Starts a cluster whose standby follows, and services that are connected to the primary.
 *
 * @param env more variables of both services
 */
export async function startCluster(env: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const hba = ["host replication postgres 127.0.0.0/8 trust"];
  const primary = stack.use(await startPostgresServer({ hba }));
  const databases = await createDatabases(primary);
  await primary.stop("fast");
  const standby = stack.use(
    await startPostgresServer({
      hba,
      copyOf: primary.data,
      prepare: (data) => writeFile(join(data, "standby.signal"), ""),
      settings: [
        `primary_conninfo=host=127.0.0.1 port=${primary.port} user=postgres application_name=${standbyName}`,
        "wal_retrieve_retry_interval=100ms",
      ],
    }),
  );
  await primary.start();
  {
    await using admin = primary.admin();
    await admin.unsafe(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (${standbyName})'`);
    await admin`SELECT pg_reload_conf()`;
    const followers = () => admin`SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'`;
    while ((await followers()).length === 0) await Bun.sleep(20);
  }
  const address = stack.use(await startPrimaryAddress(primary));
  const atAddress = (text: string) => {
    const url = new URL(text);
    url.port = String(address.port);
    return url.href;
  };
  const platform = stack.use(
    await startOnPostgres(
      { users: atAddress(databases.users), orders: atAddress(databases.orders) },
      { users: env, orders: env },
    ),
  );
  const owned = stack.move();
  return {
    primary,
    standby,
    address,
    platform,
    async promote() {
      await using admin = standby.admin();
      const [promotion] = await admin<{ is_done: boolean }[]>`SELECT pg_promote() AS is_done`;
      if (!promotion?.is_done) throw new Error(`The standby was not promoted: ${standby.log()}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
