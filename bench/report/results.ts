// All figures of a run, as results.json has them.
import type { Starts } from "../measure/cold-start.ts";
import type { Growth } from "../measure/growth.ts";
import type { Interference } from "../measure/interference.ts";
import type { Replicas } from "../measure/replicas.ts";
import type { Sample } from "../measure/sample.ts";
import type { Soak } from "../measure/soak.ts";
import type { Comparison } from "../measure/throughput.ts";
import type { describeHost } from "../tools/host.ts";
import { median } from "../tools/numbers.ts";

/** All figures of a run. */
export interface Results {
  readonly startedAt: string;
  readonly seconds: number;
  readonly mode: "full" | "quick";
  readonly commit: string;
  readonly host: ReturnType<typeof describeHost>;
  /** The cores of the services and of the load. */
  readonly placement: string;
  /** Before and after all measurements. */
  readonly flushesPerSecond: readonly number[];
  /** The platform first. */
  readonly peers: readonly { readonly name: string; readonly title: string }[];
  /** The peers that could not be built, and what to install for them. */
  readonly missing: readonly { readonly title: string; readonly install: string }[];
  readonly throughput: readonly Comparison[];
  readonly starts: Readonly<Record<string, Starts>>;
  readonly interference: Readonly<Record<string, Interference>>;
  readonly replicas: readonly Replicas[];
  readonly growth: readonly Growth[];
  readonly soak: Soak | undefined;
}

/** The platform's name among the peers. */
export const platformName = "platform";

/** The rounds of a peer; none if it was left out. */
export function samplesOf(
  { throughput }: Pick<Results, "throughput">,
  { workload, connections, peer }: { workload: string; connections: number; peer: string },
): readonly Sample[] {
  const comparison = throughput.find(
    (one) => one.workload === workload && one.connections === connections,
  );
  return comparison?.samples[peer] ?? [];
}

/** The median of one figure over rounds; NaN if there are none. */
export function medianOf<T>(samples: readonly T[], figure: (sample: T) => number): number {
  return median(samples.map(figure));
}

/** Requests per second, the median; NaN if it was not measured. */
export function rateOf(
  results: Pick<Results, "throughput">,
  which: { workload: string; connections: number; peer: string },
): number {
  return medianOf(samplesOf(results, which), ({ requestsPerSecond }) => requestsPerSecond);
}

/** The number of errors in all measurements of a run. */
export function errorsIn(results: Results): number {
  const { throughput, interference, replicas, growth, soak } = results;
  const loads = [
    ...throughput.flatMap(({ samples }) => Object.values(samples).flat()),
    ...Object.values(interference).flatMap((one) => [
      ...one.alone,
      ...one.besideWrites,
      ...one.writes,
    ]),
    ...replicas.flatMap(({ one, two }) => [...one, ...two]),
    ...growth.flatMap(({ few, many }) => [...few, ...many]),
  ];
  return loads.reduce((sum, { errors }) => sum + errors, soak?.errors ?? 0);
}
