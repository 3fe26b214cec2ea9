// Requests per second of all peers, side by side: every peer has its turn in each round.
import { count, rotated } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import type { System } from "../tools/system.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { sample, startAll, warm, type Sample, type SampleOptions } from "./sample.ts";

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
  const systems = await startAll(stack, bench, bench.peers, workload.service);
  const options = { workload, rows: bench.seed.rows, pinned: bench.placement.load };
  // At every level: one client is too slow to get code compiled, and many clients reach other code.
  for (const system of systems) {
    for (const { connections, warmUpSeconds: seconds } of levels) {
      await warm(system, { ...options, connections, seconds, run: `warm-up-${connections}` });
    }
  }

  const measured = levels.map((level) => ({ ...level, samples: new Map<string, Sample[]>() }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { connections, seconds, samples } of measured) {
      const turn = { ...options, connections, seconds, run: `round-${round}-${connections}` };
      const results = await takeTurns(rotated(systems, round - 1), turn);
      for (const [name, result] of results) {
        samples.set(name, [...(samples.get(name) ?? []), result]);
      }
      const title = `${workload.title}, ${connections} connections, round ${round} of ${rounds}`;
      say(`${title}: ${results.map(line).join(", ")}`);
    }
  }
  return measured.map(({ connections, samples }) => ({
    workload: workload.name,
    connections,
    samples: Object.fromEntries(samples),
  }));
}

/** Measures one system after the other. */
async function takeTurns(
  systems: readonly System[],
  options: SampleOptions,
): Promise<(readonly [string, Sample])[]> {
  const results: (readonly [string, Sample])[] = [];
  for (const system of systems) results.push([system.peer.name, await sample(system, options)]);
  return results;
}

function line([name, { requestsPerSecond, errors }]: readonly [string, Sample]): string {
  return `${name} ${count(requestsPerSecond)}/s${errors > 0 ? ` (${errors} ERRORS)` : ""}`;
}
