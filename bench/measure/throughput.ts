// Requests per second of all peers, side by side: every peer has its turn in each round.
import { count, rotated } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { sample, startAll, warm, type Sample } from "./sample.ts";

/** The rounds of every peer, by its name, of a workload at a number of connections. */
export interface Comparison {
  readonly workload: string;
  readonly connections: number;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

/** A number of connections, and how long a round takes. */
export type Level = Omit<Pace, "rounds">;

/** The levels at which a workload is measured, and how often. */
export interface Ladder extends Pick<Pace, "rounds"> {
  readonly levels: readonly Level[];
}

/**
 * Measures a workload with all peers, each on a fresh database. A round contains all levels: they are
 * compared with each other, and the speed of a machine changes from one minute to the next.
 */
export async function compare(
  bench: Bench,
  workload: Workload,
  { levels, rounds }: Ladder,
): Promise<Comparison[]> {
  await using stack = new AsyncDisposableStack();
  const systems = await startAll(stack, bench, workload.service);
  const { name, title } = workload;
  const options = { workload, rows: bench.seed.rows, pinned: bench.placement.load };
  // At every level: one client is too slow to get code compiled, and many clients reach other code.
  for (const system of systems) {
    for (const { connections, warmUpSeconds: seconds } of levels) {
      await warm(system, { ...options, connections, seconds, run: `warm-up-${connections}` });
    }
  }

  const measured = levels.map((level) => ({
    ...level,
    samples: Object.fromEntries(bench.peers.map(({ name }) => [name, [] as Sample[]])),
  }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { connections, seconds, samples } of measured) {
      const run = `round-${round}-${connections}`;
      const figures: string[] = [];
      for (const system of rotated(systems, round - 1)) {
        const result = await sample(system, { ...options, connections, seconds, run });
        samples[system.peer.name]?.push(result);
        const errors = result.errors > 0 ? ` (${result.errors} ERRORS)` : "";
        figures.push(`${system.peer.name} ${count(result.requestsPerSecond)}/s${errors}`);
      }
      const turn = `${title}, ${connections} connections, round ${round} of ${rounds}`;
      say(`${turn}: ${figures.join(", ")}`);
    }
  }
  return measured.map(({ connections, samples }) => ({ workload: name, connections, samples }));
}
