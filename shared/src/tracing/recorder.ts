// Records spans and exports them to a collector. A service imports this room when an endpoint is set.
import type { Tracer } from "../core/tracer.ts";
import { createExporter, type ExporterOptions } from "./exporter.ts";
import { encodeSpan, followClock, requestEncoder } from "./otlp.ts";
import { createSampler, type SamplerName } from "./sampler.ts";
import { spanQueue, type SpanQueueOptions } from "./span-queue.ts";

export { dropReasons } from "./span-queue.ts";

/** What is recorded, and where it goes. */
export interface RecorderOptions extends ExporterOptions, Omit<SpanQueueOptions, "send"> {
  readonly sampler: SamplerName;
  /** From 0 to 1. */
  readonly samplerRatio: number;
  /** The attributes of the process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** A tracer with spans on their way. */
export interface Recorder extends Tracer {
  /** Exports the spans that are left, within `maxMs`; never rejects. */
  close(maxMs: number): Promise<void>;
}

/** Starts to record. */
export function startRecorder(options: RecorderOptions): Recorder {
  const post = createExporter(options);
  const encodeRequest = requestEncoder(options.resource, options.version);
  const queue = spanQueue({
    ...options,
    send(spans, closing) {
      followClock();
      // A batch at a time takes less than span by span, between requests, whose code is in the caches then.
      return post(encodeRequest(spans.map(encodeSpan)), spans.length, closing);
    },
  });
  return {
    isSampled: createSampler(options.sampler, options.samplerRatio),
    record: queue.add,
    close: queue.close,
  };
}
