// What traces cost: GET /users/{id} without them, with 1 % of them and with all, side by side.
import { startCollector } from "../tools/collector.ts";
import type { Bench } from "./bench.ts";
import { compareVariants, type VariantPace, type VariantStarts } from "./variants.ts";

/** How the platform records. The first two do the same: their difference is the noise of the run. */
export const recordings = [
  { name: "off", title: "Off", sampled: 0 },
  { name: "off-again", title: "Off, once more", sampled: 0 },
  { name: "sampled", title: "1 % of all traces", sampled: 0.01 },
  { name: "all", title: "All traces", sampled: 1 },
] as const;

/** What was measured. */
export interface Traces {
  readonly starts: VariantStarts;
  /** Spans that the collector has got, warm-up included. */
  readonly spans: number;
}

/** Measures each recording. */
export async function measureTraces(bench: Bench, pace: VariantPace): Promise<Traces> {
  await using collector = await startCollector(bench.placement.load);
  const variants = recordings.map(({ name, title, sampled }) => ({
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
  const starts = await compareVariants(bench, "Traces", variants, pace);
  return { starts, spans: await collector.spans() };
}
