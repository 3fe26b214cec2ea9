// What traces cost: GET /users/{id} without them, with 1 % of them and with all, side by side.
import { startCollector } from "../tools/collector.ts";
import { rotated } from "../tools/numbers.ts";
import { say } from "../tools/progress.ts";
import { workloads } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { compare, type Comparison } from "./throughput.ts";

/** How the platform records. The first two do the same: their difference is the noise of the run. */
export const recordings = [
  { name: "off", title: "Off", sampled: 0 },
  { name: "off-again", title: "Off, once more", sampled: 0 },
  { name: "sampled", title: "1 % of all traces", sampled: 0.01 },
  { name: "all", title: "All traces", sampled: 1 },
] as const;

/** How often the processes are started, and how each of them is measured. */
export interface TracesPace extends Pace {
  readonly starts: number;
}

/** What was measured. */
export interface Traces {
  /** For each start of all recordings, the rounds of each of them, by its name. */
  readonly starts: readonly Comparison["samples"][];
  /** Spans that the collector has got, warm-up included. */
  readonly spans: number;
}

/**
 * Measures each recording in as many processes as there are starts. Two processes of one executable differ
 * by more than what traces cost: memory is laid out differently, and functions are compiled in another order.
 */
export async function measureTraces(
  bench: Bench,
  { starts, rounds, ...level }: TracesPace,
): Promise<Traces> {
  await using collector = await startCollector(bench.placement.load);
  const peers = recordings.map(({ name, title, sampled }) => ({
    ...bench.platform,
    name,
    title,
    env: {
      ...bench.platform.env,
      ...(sampled > 0 && {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER: "traceidratio",
        OTEL_TRACES_SAMPLER_ARG: String(sampled),
      }),
    },
  }));
  const [getUser] = workloads;
  const measured: Comparison["samples"][] = [];
  for (let start = 0; start < starts; start += 1) {
    say(`Traces, start ${start + 1} of ${starts}`);
    // Each recording is the first to be warmed up, and the last, in as many starts.
    const comparisons = await compare({ ...bench, peers: rotated(peers, start) }, getUser, {
      rounds,
      levels: [level],
    });
    measured.push(...comparisons.map(({ samples }) => samples));
  }
  return { starts: measured, spans: await collector.spans() };
}
