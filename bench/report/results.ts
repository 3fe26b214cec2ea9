// All figures of a run, as results.json has them.
import type { EngineName } from "../engines/engine.ts";
import type { Starts } from "../measure/cold-start.ts";
import type { Growth } from "../measure/growth.ts";
import type { Interference } from "../measure/interference.ts";
import type { Replicas } from "../measure/replicas.ts";
import type { Soak } from "../measure/soak.ts";
import type { Traces } from "../measure/traces.ts";
import type { VariantSample, VariantStarts } from "../measure/variants.ts";
import type { Comparison } from "../measure/throughput.ts";
import type { ServiceName } from "../peers/peer.ts";
import type { describeHost } from "../tools/host.ts";
import { median } from "../tools/numbers.ts";
import { medianRate, totalErrors } from "../tools/wrk.ts";

/** All figures of a run. */
export interface Results {
  readonly startedAt: string;
  readonly seconds: number;
  readonly mode: "full" | "quick";
  readonly engine: EngineName;
  /** The engine in a few words. */
  readonly storage: string;
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
  readonly traces: Traces;
  /** What authentication costs. */
  readonly tokens: VariantStarts;
  readonly starts: Readonly<Record<string, Starts>>;
  readonly interference: Readonly<Record<string, Interference>>;
  readonly replicas: readonly Replicas[];
  readonly growth: readonly Growth[];
  readonly soak: Soak;
}

/** The platform's name among the peers. */
export const platformName = "platform";

/** A workload at a number of connections. */
type Setting = Pick<Comparison, "workload" | "connections">;

/** Requests per second, the median; NaN if it was not measured. */
export function rateOf(
  { throughput }: Results,
  { workload, connections }: Setting,
  peer = platformName,
): number {
  const comparison = throughput.find(
    (one) => one.workload === workload && one.connections === connections,
  );
  return medianRate(comparison?.samples[peer] ?? []);
}

/** The rate of the platform, divided by the rate of the peer; NaN if one was not measured. */
export function ratioTo(peer: string, results: Results, setting: Setting): number {
  return rateOf(results, setting) / rateOf(results, setting, peer);
}

/** The highest memory of a peer's service at the end of a load; -Infinity if there was none. */
export function highestMegabytes(
  { throughput }: Results,
  service: ServiceName,
  peer = platformName,
): number {
  const samples = throughput.flatMap(({ samples }) => samples[peer] ?? []);
  return Math.max(...samples.flatMap(({ residentMegabytes }) => residentMegabytes[service] ?? []));
}

/** The rounds of all peers, workloads and variants. */
export function allSamples({ throughput, traces, tokens }: Results): VariantSample[] {
  return [...throughput.map(({ samples }) => samples), ...traces.starts, ...tokens].flatMap(
    (samples) => Object.values(samples).flat(),
  );
}

/**
 * For each start, the part of the throughput that a variant costs: the median of its rounds, each compared
 * with the round of "off" beside it. By the processor time of a request, which a busy machine changes
 * less than rates.
 */
export function costsOf(starts: VariantStarts, variant: string): number[] {
  return starts.map(({ off = [], [variant]: measured = [] }) =>
    median(
      measured.map(
        ({ processorUsPerRequest }, round) =>
          1 - (off[round]?.processorUsPerRequest ?? Number.NaN) / processorUsPerRequest,
      ),
    ),
  );
}

/** The number of errors in all measurements of a run. */
export function errorsIn(results: Results): number {
  const { interference, replicas, growth, soak } = results;
  return totalErrors([
    ...allSamples(results),
    ...Object.values(interference).flatMap((one) => Object.values(one).flat()),
    ...replicas.flatMap(({ one, two }) => [...one, ...two]),
    ...growth.flatMap(({ few, many }) => [...few, ...many]),
    soak,
  ]);
}
