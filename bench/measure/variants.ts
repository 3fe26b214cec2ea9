// The platform in several variants, such as with and without traces, whose small differences are to be shown.
import { rotated } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import type { ReadyPeer } from "../tools/system.ts";
import { workloads } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { compare, type Comparison } from "./throughput.ts";

/** How often the processes are started, and how each of them is measured. */
export interface VariantPace extends Pace {
  readonly starts: number;
}

/** For each start of all variants, the rounds of each of them, by its name. */
export type VariantStarts = readonly Comparison["samples"][];

/** What a variant has beside the platform itself. Its variables are added to the platform's. */
export type Variant = Pick<ReadyPeer, "name" | "title" | "env" | "headers">;

/**
 * Measures GET /users/{id} of each variant in as many processes as there are starts. Two processes of one
 * executable differ by more than what is to be shown: memory is laid out differently, and functions are
 * compiled in another order.
 *
 * @param title for the progress
 */
export async function compareVariants(
  bench: Bench,
  title: string,
  variants: readonly Variant[],
  { starts, rounds, ...level }: VariantPace,
): Promise<VariantStarts> {
  const { platform } = bench;
  const peers = variants.map(({ env, ...variant }) => ({
    ...platform,
    ...variant,
    env: { ...platform.env, ...env },
  }));
  const [getUser] = workloads;
  const measured: Comparison["samples"][] = [];
  for (let start = 0; start < starts; start += 1) {
    say(`${title}, start ${start + 1} of ${starts}`);
    // Each variant is the first to be warmed up, and the last, in as many starts.
    const comparisons = await compare({ ...bench, peers: rotated(peers, start) }, getUser, {
      rounds,
      levels: [level],
    });
    measured.push(...comparisons.map(({ samples }) => samples));
  }
  return measured;
}
