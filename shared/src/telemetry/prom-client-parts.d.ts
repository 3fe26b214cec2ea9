// Parts of prom-client, which types itself only as a whole.

declare module "prom-client/lib/gauge.js" {
  export { Gauge as default } from "prom-client";
}

declare module "prom-client/lib/registry.js" {
  export { Registry as default } from "prom-client";
}

/** Some of its default metrics. */
declare module "prom-client/lib/metrics/*" {
  import type { Registry } from "prom-client";

  /** Makes and registers them. */
  export default function add(
    registry: Registry,
    // What `collectDefaultMetrics` fills in by itself.
    options: { eventLoopMonitoringPrecision: number },
  ): void;
}
