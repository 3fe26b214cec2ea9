// prom-client without what nobody here uses: whoever imports it whole loads Node's HTTP client, streams,
// zlib and v8 too, which take a part of a service's start.
import cpu from "prom-client/lib/metrics/processCpuTotal.js";
import eventLoopLag from "prom-client/lib/metrics/eventLoopLag.js";
import maxFds from "prom-client/lib/metrics/processMaxFileDescriptors.js";
import memory from "prom-client/lib/metrics/osMemoryHeap.js";
import openFds from "prom-client/lib/metrics/processOpenFileDescriptors.js";
import Registry from "prom-client/lib/registry.js";
import startTime from "prom-client/lib/metrics/processStartTime.js";

export { default as Gauge } from "prom-client/lib/gauge.js";
export { Registry };

/** The default metrics of a process, without those of V8, in a registry of their own. */
export function processMetrics(): Registry {
  const registry = new Registry();
  for (const add of [cpu, startTime, memory, openFds, maxFds, eventLoopLag]) {
    add(registry, { eventLoopMonitoringPrecision: 10 });
  }
  return registry;
}
