// How writes slow down reads: the reads of a peer alone, and beside writes at full rate.
import { count, rotated } from "../tools/numbers.ts";
import { settled } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import { load, medianP99, warmUp, type Load } from "../tools/wrk.ts";
import type { Bench, Pace } from "./bench.ts";
import { startAll } from "./sample.ts";

/** The rounds of a peer. */
export interface Interference {
  readonly alone: Load[];
  readonly besideWrites: Load[];
  readonly writes: Load[];
}

/** Measures GET /users/{id} with and without POST /users, over as many connections for each. */
export async function measureInterference(
  bench: Bench,
  { connections, rounds, seconds, warmUpSeconds }: Pace,
): Promise<Record<string, Interference>> {
  await using stack = new AsyncDisposableStack();
  const systems = await startAll(stack, bench, "user-service");
  const results: Record<string, Interference> = {};
  for (let round = 0; round <= rounds; round += 1) {
    for (const { peer, pids, urlOf, ensureRunning } of rotated(systems, round)) {
      const options = {
        url: urlOf("user-service"),
        connections,
        rows: bench.seed.rows,
        run: `round-${round}`,
        pinned: bench.placement.load,
      };
      const reads = { ...options, seconds, script: "get-user" };
      const writes = { ...options, seconds, script: "post-user" };
      if (round === 0) {
        await warmUp({ ...reads, seconds: warmUpSeconds });
        await warmUp({ ...writes, seconds: warmUpSeconds });
        await settled(pids);
        continue;
      }
      const own = (results[peer.name] ??= { alone: [], besideWrites: [], writes: [] });
      own.alone.push(await load(reads));
      const [besideWrites, written] = await Promise.all([load(reads), load(writes)]);
      own.besideWrites.push(besideWrites);
      own.writes.push(written);
      ensureRunning();
      await settled(pids);
    }
  }
  const p99 = (loads: readonly Load[]) => count(medianP99(loads));
  const figures = Object.entries(results).map(
    ([name, { alone, besideWrites }]) => `${name} ${p99(alone)} → ${p99(besideWrites)} ms`,
  );
  say(`p99 of reads, alone → beside writes: ${figures.join(", ")}`);
  return results;
}
