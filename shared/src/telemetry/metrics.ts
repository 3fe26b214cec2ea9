// The metrics that every service has. Names and labels are part of the wire contract.
import type { StorageObserver } from "../core/storage.ts";
import { httpMetrics, type HttpMetrics } from "./http-metrics.ts";
import { gauge, Gauge, Registry } from "./prometheus.ts";
import { storageMetrics } from "./storage-metrics.ts";

/** A service's metrics: the registry that `/metrics` prints, and the observers that fill it. */
export interface ServiceMetrics {
  readonly registry: Registry;
  readonly http: HttpMetrics;
  readonly storage: StorageObserver;
  /** Registers the gauge of readiness; `isReady` is called when metrics are scraped. */
  watchReadiness(isReady: () => Promise<boolean>): void;
}

type BuildLabels = Readonly<Record<"service" | "version" | "commit", string>>;

/** Makes the metrics of one service. None is global, so that two services can run in one process. */
export function createMetrics(build: BuildLabels): ServiceMetrics {
  const registry = new Registry();
  new Gauge({
    name: "build_info",
    help: "Which build this is; always 1",
    labelNames: ["service", "version", "commit"],
    registers: [registry],
  }).set(build, 1);
  return {
    registry,
    http: httpMetrics(registry),
    storage: storageMetrics(registry),
    watchReadiness: (isReady) =>
      gauge(
        registry,
        { name: "service_ready", help: "1 if requests can be served, as /ready says; else 0" },
        async () => Number(await isReady()),
        0,
      ),
  };
}
