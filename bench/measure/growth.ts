// The cost of a hundred times the data: the platform's workloads on few rows and on many.
import { count, median, times } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import type { Seed } from "../tools/seed.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { sample, startAll, warm, type Sample } from "./sample.ts";

/** The rounds of a workload. */
export interface Growth {
  readonly workload: string;
  readonly rows: number;
  readonly few: readonly Sample[];
  readonly many: readonly Sample[];
}

/** Measures a workload of the platform on two seeds, in turns. */
export async function measureGrowth(
  bench: Bench,
  many: Seed,
  workload: Workload,
  { connections, rounds, seconds, warmUpSeconds }: Pace,
): Promise<Growth> {
  const platform = bench.peers.slice(0, 1);
  await using stack = new AsyncDisposableStack();
  const systems = {
    few: await startAll(stack, bench, platform, workload.service),
    many: await startAll(stack, { ...bench, seed: many }, platform, workload.service),
  };
  const samples = { few: [] as Sample[], many: [] as Sample[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const which of ["few", "many"] as const) {
      const [system] = systems[which];
      if (system === undefined) continue;
      const options = {
        workload,
        connections,
        rows: which === "few" ? bench.seed.rows : many.rows,
        run: `round-${round}`,
        pinned: bench.placement.load,
      };
      if (round === 0) await warm(system, { ...options, seconds: warmUpSeconds });
      else samples[which].push(await sample(system, { ...options, seconds }));
    }
  }
  const rate = (of: readonly Sample[]) => median(of.map((one) => one.requestsPerSecond));
  const [before, after] = [rate(samples.few), rate(samples.many)];
  const title = `${workload.title}, ${count(bench.seed.rows)} → ${count(many.rows)} rows`;
  say(`${title}: ${count(before)} → ${count(after)}/s, ${times(before / after)} the time`);
  return { workload: workload.name, rows: many.rows, ...samples };
}
