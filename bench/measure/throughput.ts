// How much every peer gets done, side by side: in each round every peer has its turn.
import { count } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import { rotated } from "../tools/statistics.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { sample, startAll, warm, type Sample } from "./sample.ts";

/** A workload at a number of connections: the rounds of each peer by its name. */
export interface Comparison {
  readonly workload: string;
  readonly connections: number;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

/** Measures a workload with all peers, each on a fresh database. */
export async function compare(bench: Bench, workload: Workload, pace: Pace): Promise<Comparison> {
  const { connections, rounds, seconds, warmUpSeconds } = pace;
  await using stack = new AsyncDisposableStack();
  const systems = await startAll(stack, bench, bench.peers, workload.service);
  const options = {
    workload,
    connections,
    rows: bench.seed.rows,
    pinned: bench.placement.load,
  };
  for (const system of systems) {
    await warm(system, { ...options, seconds: warmUpSeconds, run: "warm-up" });
  }
  const samples: Record<string, Sample[]> = {};
  for (let round = 1; round <= rounds; round += 1) {
    const figures: string[] = [];
    for (const system of rotated(systems, round - 1)) {
      const { name } = system.peer;
      const result = await sample(system, { ...options, seconds, run: `round-${round}` });
      (samples[name] ??= []).push(result);
      const errors = result.errors > 0 ? ` (${result.errors} ERRORS)` : "";
      figures.push(`${name} ${count(result.requestsPerSecond)}/s${errors}`);
    }
    const title = `${workload.title}, ${connections} connections, round ${round} of ${rounds}`;
    say(`${title}: ${figures.join(", ")}`);
  }
  return { workload: workload.name, connections, samples };
}
