// Starts tracing where the environment names a collector.
import { oncePerMinute } from "../core/once-per-minute.ts";
import { buildInfo } from "../core/build-info.ts";
import type { StorageObserver } from "../core/storage.ts";
import type { Logger } from "../telemetry/logger.ts";
import { counter, type Registry } from "../telemetry/prometheus.ts";
import { writeSpans } from "../telemetry/request-span.ts";
import type { Recorder } from "../tracing/recorder.ts";
import type { Config } from "./env.ts";
import type { tracingSettings } from "./tracing-settings.ts";

interface TracingOptions {
  /** The name of the service, unless the environment gives another. */
  readonly name: string;
  readonly config: Config<typeof tracingSettings>;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A tracer, and what a storage has to observe for it. */
interface Tracing {
  readonly tracer: Recorder;
  readonly storage: Pick<StorageObserver, "writeQueued">;
}

/** The URL that spans are sent to; undefined if tracing is off. */
export function tracesUrl({
  otelDisabled,
  otelTracesExporter,
  otlpEndpoint,
  otlpTracesEndpoint,
}: TracingOptions["config"]): string | undefined {
  if (otelDisabled === "true" || otelTracesExporter === "none") return undefined;
  if (otlpTracesEndpoint !== undefined || otlpEndpoint === undefined) return otlpTracesEndpoint;
  const url = new URL(otlpEndpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return url.href;
}

/** Starts to record traces. @returns undefined if no endpoint is set, or tracing is switched off */
export async function startTracing({
  name,
  config,
  logger,
  registry,
}: TracingOptions): Promise<Tracing | undefined> {
  const url = tracesUrl(config);
  if (url === undefined) return undefined;
  // Not imported at the top: a service without traces starts without this code.
  const { dropReasons, startRecorder } = await import("../tracing/recorder.ts");
  const dropped = counter(
    registry,
    {
      name: "tracing_spans_dropped_total",
      help: "Spans that the collector did not get, by reason: queue-full, not-accepted or shutdown",
    },
    dropReasons.map((reason) => ({ reason })),
  );
  let droppedSpans = 0;
  const mayWarn = oncePerMinute();
  const warn = (reason: string) => {
    if (mayWarn()) logger.warn({ reason, dropped: droppedSpans }, "cannot export spans");
  };
  const { otelTracesSampler: sampler, otelSamplerRatio: samplerRatio } = config;
  const { version } = buildInfo;
  const tracer = startRecorder({
    url,
    headers: config.otlpTracesHeaders ?? config.otlpHeaders ?? {},
    timeoutMs: config.otlpTracesTimeoutMs ?? config.otlpTimeoutMs,
    exportTimeoutMs: config.otelExportTimeoutMs,
    scheduleDelayMs: config.otelScheduleDelayMs,
    maxQueueSize: config.otelMaxQueueSize,
    maxBatchSize: Math.min(config.otelMaxBatchSize, config.otelMaxQueueSize),
    sampler,
    samplerRatio,
    version,
    resource: {
      "service.name": name,
      "service.version": version,
      "service.instance.id": crypto.randomUUID(),
      ...config.otelResourceAttributes,
      ...(config.otelServiceName === undefined ? {} : { "service.name": config.otelServiceName }),
    },
    onFailed: warn,
    onDropped(spans, reason) {
      droppedSpans += spans;
      dropped({ reason }).add(spans);
      // Of spans that were not accepted, onFailed has said why.
      if (reason === "queue-full") warn("the queue is full");
      if (reason === "shutdown") warn("the service is shutting down");
    },
  });
  // The origin alone: the rest of the URL may have a token.
  logger.info({ collector: new URL(url).origin, sampler }, "recording traces");
  return { tracer, storage: { writeQueued: writeSpans(tracer) } };
}
