// What traces cost: GET /users/{id} without them, with 1 % of them and with all, side by side.
import { startCollector } from "../tools/collector.ts";
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

/** The rounds of each recording, by its name. */
export interface Traces extends Pick<Comparison, "samples"> {
  /** Spans that the collector has got, warm-up included. */
  readonly spans: number;
}

/** Measures each recording. Wants more rounds than peers do: the differences are smaller. */
export async function measureTraces(bench: Bench, pace: Pace): Promise<Traces> {
  await using collector = await startCollector(bench.placement.load);
  const peers = recordings.map(({ name, title, sampled }) => ({
    ...bench.platform,
    name,
    title,
    env:
      sampled === 0
        ? {}
        : {
            OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
            OTEL_TRACES_SAMPLER: "traceidratio",
            OTEL_TRACES_SAMPLER_ARG: String(sampled),
          },
  }));
  const [getUser] = workloads;
  const [{ samples } = { samples: {} }] = await compare({ ...bench, peers }, getUser, {
    rounds: pace.rounds,
    levels: [pace],
  });
  return { samples, spans: await collector.spans() };
}
