// A synchronous standby of PostgreSQL that is promoted under load.
import { describe, expect, test } from "bun:test";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { startProbes } from "../support/platform/probes.ts";
import { amount } from "../support/scale.ts";
import { startCluster, type Cluster } from "./failover-cluster.ts";

const rounds = amount({ full: 4, fast: 1 });

interface Loss {
  readonly what: string;
  /** Takes the primary away. */
  take(cluster: Cluster): Promise<unknown>;
  /** Lets the old primary come back, when the services are on the new one. */
  giveBack?(cluster: Cluster): void;
  /** Whether services notice by themselves, before the standby is promoted. Default: true */
  readonly isNoticed?: boolean;
}

describe.if(hasPostgres)("a failover", () => {
  test.concurrent.each<Loss>([
    { what: "is killed", take: ({ primary }) => primary.kill() },
    {
      what: "is frozen, and comes back later",
      take: ({ primary }) => primary.freeze(),
      giveBack: ({ primary }) => primary.thaw(),
    },
    {
      what: "is read-only, and keeps its sessions",
      async take({ primary }) {
        await using admin = primary.admin();
        await admin`ALTER SYSTEM SET default_transaction_read_only = on`;
        await admin`SELECT pg_reload_conf()`;
      },
    },
    {
      what: "believes that it still is the primary, and keeps its sessions",
      isNoticed: false,
      take: () => Promise.resolve(),
    },
  ])("loses no acknowledged write when the old primary $what", async (loss) => {
    for (let round = 0; round < rounds; round += 1) {
      await using cluster = await startCluster();
      const { platform, standby, address } = cluster;
      await using probes = startProbes([platform.users, platform.orders]);
      const load = await startOutageLoad(platform);
      await probes.until(true);
      const first = 200 + Math.floor(Math.random() * 200);
      await load.until(() => load.writes() >= first);

      await loss.take(cluster);
      if (loss.isNoticed !== false) {
        await Promise.all([probes.until(false), load.until(() => refusals(load.users) > 5)]);
      }
      await cluster.promote();
      const promotedAt = performance.now();
      address.pointTo(standby);
      const readyMs = await probes.untilReadyAgain(promotedAt);
      // Some of these writes may be on their way on the old primary.
      const before = load.writes();
      await load.until(() => load.writes() >= before + 100);
      loss.giveBack?.(cluster);
      const after = load.writes();
      await load.until(() => load.writes() >= after + 100);

      probes.expectAlive();
      expect(refusals(load.users) + refusals(load.orders)).toBeGreaterThan(0);
      console.log(
        `${await load.finish(probes)}; ready ${Math.round(readyMs)} ms after the promotion`,
      );
    }
  });
});
