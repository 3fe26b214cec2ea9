// Metrics in Prometheus' text format. This is the only file that knows prom-client's insides. It uses
// two of them:
// - Deep imports. The package as a whole loads Node's HTTP client, cluster, streams, zlib and v8, and
//   makes a service's start 1.24 times as long (53.5 instead of 43.3 ms of CPU, median of 41 starts).
// - Families of its own. prom-client looks up a series by its labels at every observation, which costs
//   a service a quarter of its throughput. Here the caller keeps the series, an observation adds to a
//   plain number, and prom-client reads the numbers when metrics are scraped.
import type { Metric, MetricValue } from "prom-client";
import cpu from "prom-client/lib/metrics/processCpuTotal.js";
import eventLoopLag from "prom-client/lib/metrics/eventLoopLag.js";
import maxFds from "prom-client/lib/metrics/processMaxFileDescriptors.js";
import memory from "prom-client/lib/metrics/osMemoryHeap.js";
import openFds from "prom-client/lib/metrics/processOpenFileDescriptors.js";
import Registry from "prom-client/lib/registry.js";
import startTime from "prom-client/lib/metrics/processStartTime.js";
import { withTimeout } from "../core/with-timeout.ts";

export { default as Gauge } from "prom-client/lib/gauge.js";
export { Registry };

/** Adds the metrics of the process that prom-client defines and that mean something under Bun. */
export function addProcessMetrics(registry: Registry): void {
  for (const add of [cpu, startTime, memory, openFds, maxFds, eventLoopLag]) {
    add(registry, { eventLoopMonitoringPrecision: 10 });
  }
  // Misleading under Bun: its engine reserves gigabytes of address space.
  registry.removeSingleMetric("process_virtual_memory_bytes");
  registry.removeSingleMetric("process_heap_bytes");
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
}

/** One series of a counter: a number that only grows. */
export interface CounterSeries {
  /** @param count how much to add, 1 by default */
  add(count?: number): void;
}

/** One series of a histogram: observed values, counted by bucket. */
export interface HistogramSeries {
  observe(value: number): void;
}

/** One printed line; each line of a histogram has a metric name of its own. */
type PrintedValue = MetricValue<string> & { metricName?: string };

/** Registers a family so that prom-client prints what `read` gives. */
function register(
  registry: Registry,
  { name, help }: Family,
  type: "counter" | "gauge" | "histogram",
  read: () => Promise<PrintedValue[]>,
): void {
  const family = {
    name,
    help,
    get: async () => ({ name, help, type, aggregator: "sum", values: await read() }),
    reset: () => undefined,
  };
  // The types ask for prom-client's own classes; its registry uses name, get() and reset() alone.
  registry.registerMetric(family as unknown as Metric);
}

/** How long one gauge may hold up a scrape, in ms. */
const maxReadMs = 1000;

/**
 * Registers a gauge without labels, which is read when metrics are scraped. A scrape in which `read`
 * gives undefined has no value.
 *
 * @param otherwise the value in a scrape in which `read` fails or takes more than a second. Default: none
 */
export function gauge(
  registry: Registry,
  family: Family,
  read: () => number | undefined | Promise<number | undefined>,
  otherwise?: number,
): void {
  register(registry, family, "gauge", async () => {
    const reading = Promise.try(read);
    const value = await withTimeout(reading, maxReadMs, () => undefined).catch(() => otherwise);
    return value === undefined ? [] : [{ labels: {}, value }];
  });
}

/**
 * Registers a family that keeps its own numbers.
 *
 * @returns a function that makes a series when it is first called with these labels
 */
function registerFamily<Series extends { values(): PrintedValue[] }>(
  registry: Registry,
  family: Family,
  type: "counter" | "histogram",
  makeSeries: (labels: Labels) => Series,
): (labels?: Labels) => Series {
  const byLabels = new Map<string, Series>();
  register(registry, family, type, () =>
    Promise.resolve([...byLabels.values()].flatMap((series) => series.values())),
  );
  return (labels = {}) => {
    const key = Object.values(labels).join("\0");
    const series = byLabels.get(key) ?? makeSeries(labels);
    byLabels.set(key, series);
    return series;
  };
}

/**
 * Registers a counter. The caller asks for each series once and keeps it. A series is there, with 0, from
 * when it is asked for: Prometheus sees no increase in one that begins at 1, so an alert would miss the first
 * failure.
 *
 * @param fromStart the labels of series that are there from the start
 */
export function counter(
  registry: Registry,
  family: Family,
  fromStart: readonly Labels[] = [],
): (labels?: Labels) => CounterSeries {
  const seriesOf = registerFamily(registry, family, "counter", (labels) => {
    let value = 0;
    return {
      add: (count = 1) => void (value += count),
      values: () => [{ labels, value }],
    };
  });
  for (const labels of fromStart) seriesOf(labels);
  return seriesOf;
}

/**
 * Registers a histogram. The caller asks for each series once and keeps it.
 *
 * @param buckets inclusive upper bounds, ascending, without the infinite one
 */
export function histogram(
  registry: Registry,
  family: Family,
  buckets: readonly number[],
): (labels?: Labels) => HistogramSeries {
  return registerFamily(registry, family, "histogram", (labels) => {
    const counts = new Float64Array(buckets.length + 1);
    let sum = 0;
    return {
      observe(value: number) {
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] ?? Infinity)) bucket += 1;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        sum += value;
      },
      values() {
        let count = 0;
        const values: PrintedValue[] = Array.from(counts, (inBucket, index) => {
          count += inBucket;
          return {
            metricName: `${family.name}_bucket`,
            labels: { ...labels, le: buckets[index] ?? "+Inf" },
            value: count,
          };
        });
        values.push({ metricName: `${family.name}_sum`, labels, value: sum });
        values.push({ metricName: `${family.name}_count`, labels, value: count });
        return values;
      },
    };
  });
}
