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

/** Adds what the operating system and the event loop tell about this process. */
export function addProcessMetrics(registry: Registry): void {
  for (const add of [cpu, startTime, memory, openFds, maxFds, eventLoopLag]) {
    add(registry, { eventLoopMonitoringPrecision: 10 });
  }
  // Misleading under Bun: its engine reserves gigabytes of address space.
  registry.removeSingleMetric("process_virtual_memory_bytes");
  registry.removeSingleMetric("process_heap_bytes");
}
