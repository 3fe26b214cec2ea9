// The cost of a hundred times the data: the platform's workloads on few rows and on many.
import type { Seed } from "../engines/engine.ts";
import { count, times } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import { startSystem } from "../tools/system.ts";
import { medianRate } from "../tools/wrk.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { neededFor, sample, warm, type Sample } from "./sample.ts";

/** The rounds of a workload. */
export interface Growth {
  readonly workload: string;
  readonly rows: number;
  readonly few: readonly Sample[];
  readonly many: readonly Sample[];
}

/** Measures a workload of the platform on two seeds, in turns. */
export async function measureGrowth(
  { platform, seed, folder, placement }: Bench,
  manySeed: Seed,
  workload: Workload,
  { connections, rounds, seconds, warmUpSeconds }: Pace,
): Promise<Growth> {
  const services = neededFor(workload.service);
  const place = { folder, services, pinned: placement.server };
  await using onFew = await startSystem(platform, { ...place, seed });
  await using onMany = await startSystem(platform, { ...place, seed: manySeed });
  const few = { system: onFew, rows: seed.rows, samples: [] as Sample[] };
  const many = { system: onMany, rows: manySeed.rows, samples: [] as Sample[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const { system, rows, samples } of [few, many]) {
      const run = `round-${round}`;
      const options = { workload, connections, rows, run, pinned: placement.load };
      if (round === 0) await warm(system, { ...options, seconds: warmUpSeconds });
      else samples.push(await sample(system, { ...options, seconds }));
    }
  }
  const [before, after] = [medianRate(few.samples), medianRate(many.samples)];
  const title = `${workload.title}, ${count(few.rows)} → ${count(many.rows)} rows`;
  say(`${title}: ${count(before)} → ${count(after)}/s, ${times(before / after)} the time`);
  return { workload: workload.name, rows: many.rows, few: few.samples, many: many.samples };
}
