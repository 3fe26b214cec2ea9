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

/** How many connections, and for how long each time. */
export type Level = Pick<Pace, "connections" | "seconds">;

/** At which numbers of connections a workload is measured, and how often. */
export interface Ladder extends Pick<Pace, "rounds" | "warmUpSeconds"> {
  readonly levels: readonly Level[];
}

/**
 * Measures a workload with all peers, each on a fresh database. All levels have their turn in a round,
 * since they are compared too, and machines change from one minute to the next.
 */
export async function compare(
  bench: Bench,
  workload: Workload,
  { levels, rounds, warmUpSeconds }: Ladder,
): Promise<Comparison[]> {
  await using stack = new AsyncDisposableStack();
  const systems = await startAll(stack, bench, bench.peers, workload.service);
  const options = { workload, rows: bench.seed.rows, pinned: bench.placement.load };
  // At every level: a lone client is too slow to get code compiled, and leads to other code than many.
  for (const system of systems) {
    for (const { connections } of levels) {
      const run = `warm-up-${connections}`;
      await warm(system, { ...options, connections, seconds: warmUpSeconds, run });
    }
  }
  const measured = levels.map((level) => ({ ...level, samples: {} as Record<string, Sample[]> }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { connections, seconds, samples } of measured) {
      const run = `round-${round}-${connections}`;
      const figures: string[] = [];
      for (const system of rotated(systems, round - 1)) {
        const { name } = system.peer;
        const result = await sample(system, { ...options, connections, seconds, run });
        (samples[name] ??= []).push(result);
        const errors = result.errors > 0 ? ` (${result.errors} ERRORS)` : "";
        figures.push(`${name} ${count(result.requestsPerSecond)}/s${errors}`);
      }
      const title = `${workload.title}, ${connections} connections, round ${round} of ${rounds}`;
      say(`${title}: ${figures.join(", ")}`);
    }
  }
  return measured.map(({ connections, samples }) => ({
    workload: workload.name,
    connections,
    samples,
  }));
}
