// Whether a second process on the same database serves more, when both may use all cores.
import { count } from "../tools/numbers.ts";
import { settled } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import { startServer } from "../tools/server.ts";
import { startSystem } from "../tools/system.ts";
import { load, medianRate, totalErrors, warmUp, type Load } from "../tools/wrk.ts";
import type { Bench, Pace } from "./bench.ts";

const replicaWorkloads = ["get-user", "post-user"] as const;

/** The sum of one or two replicas, and the higher of their p99. */
type Together = Pick<Load, "requestsPerSecond" | "p99Ms" | "errors">;

/** The rounds of a workload. */
export interface Replicas {
  readonly workload: (typeof replicaWorkloads)[number];
  readonly one: readonly Together[];
  readonly two: readonly Together[];
}

/** Measures the platform's user-service: one process, and two that share a database. */
export async function measureReplicas(
  { platform, seed, folder, placement }: Bench,
  pace: Pace,
): Promise<Replicas[]> {
  const services = ["user-service"] as const;
  const pinned = placement.both;
  await using single = await startSystem(platform, { seed, folder, services, pinned });
  await using pair = await startSystem(platform, { seed, folder, services, pinned });
  await using second = await startServer([...pinned, ...platform.launch("user-service")], {
    name: "second",
    folder: pair.folder,
    env: { ...platform.env, DATABASE_URL: pair.databaseOf("user-service") },
  });
  const url = single.urlOf("user-service");
  // Two processes of wrk send the load in both cases.
  const origins = { one: [url, url], two: [pair.urlOf("user-service"), second.url] };
  const pids = [...single.pids, ...pair.pids, second.pid];

  const results: Replicas[] = [];
  for (const workload of replicaWorkloads) {
    const rounds = { one: [] as Together[], two: [] as Together[] };
    for (let round = 0; round <= pace.rounds; round += 1) {
      for (const which of ["one", "two"] as const) {
        const options = origins[which].map((url, replica) => ({
          url,
          script: workload,
          connections: pace.connections / 2,
          seconds: round === 0 ? pace.warmUpSeconds : pace.seconds,
          rows: seed.rows,
          run: `${which}-${replica}-round-${round}`,
          pinned,
        }));
        if (round === 0) await Promise.all(options.map(warmUp));
        else rounds[which].push(together(await Promise.all(options.map(load))));
        await settled(pids);
      }
    }
    results.push({ workload, ...rounds });
    const [one, two] = [rounds.one, rounds.two].map((loads) => count(medianRate(loads)));
    say(`${workload}, one replica → two: ${one} → ${two}/s`);
  }
  return results;
}

function together(loads: readonly Load[]): Together {
  return {
    requestsPerSecond: loads.reduce((sum, load) => sum + load.requestsPerSecond, 0),
    p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
    errors: totalErrors(loads),
  };
}
