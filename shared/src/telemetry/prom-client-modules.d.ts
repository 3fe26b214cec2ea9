// Types of the modules inside prom-client that prometheus.ts imports: prom-client has types only for the
// package as a whole.

declare module "prom-client/lib/gauge.js" {
  export { Gauge as default } from "prom-client";
}

declare module "prom-client/lib/registry.js" {
  export { Registry as default } from "prom-client";
}

/** Each registers one of prom-client's default metrics. */
declare module "prom-client/lib/metrics/*" {
  import type { Registry } from "prom-client";

  export default function add(
    registry: Registry,
    // `collectDefaultMetrics` has a default for it; the modules have none.
    options: { eventLoopMonitoringPrecision: number },
  ): void;
}
