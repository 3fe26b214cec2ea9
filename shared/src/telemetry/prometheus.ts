// Counters and histograms whose hot path is an addition to a plain number. prom-client looks a
// series up by its labels at every observation, which costs a service a quarter of its
// throughput; here the caller keeps the series, and prom-client sees the numbers when scraped.
import type { Metric, MetricValue, Registry } from "prom-client";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
}

/** A number that only goes up. */
export interface CounterSeries {
  add(count?: number): void;
}

/** Observed values, counted by bucket. */
export interface HistogramSeries {
  observe(value: number): void;
}

/** The series of one family by their labels, made when first asked for. */
function seriesByLabels<S>(make: (labels: Labels) => S): { of(labels: Labels): S; all: S[] } {
  const byKey = new Map<string, S>();
  const all: S[] = [];
  return {
    all,
    of(labels) {
      const key = Object.values(labels).join("\0");
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const series = make(labels);
      byKey.set(key, series);
      all.push(series);
      return series;
    },
  };
}

/** A line of the exposition; a histogram's has a name of its own. */
type PrintedValue = MetricValue<string> & { metricName?: string };

/** Puts a family that keeps its own numbers among the metrics that prom-client prints. */
function register(
  registry: Registry,
  { name, help }: Family,
  type: "counter" | "histogram",
  values: () => PrintedValue[],
): void {
  const family = {
    name,
    help,
    get: () => Promise.resolve({ name, help, type, aggregator: "sum", values: values() }),
    reset: () => undefined,
  };
  // Registry.registerMetric asks for a class of its own and uses name and get() alone.
  registry.registerMetric(family as unknown as Metric);
}

/** Registers a counter; its series are asked for once and kept by the caller. */
export function counter(registry: Registry, family: Family): (labels?: Labels) => CounterSeries {
  const series = seriesByLabels((labels) => {
    let total = 0;
    return { labels, add: (count = 1) => void (total += count), total: () => total };
  });
  register(registry, family, "counter", () =>
    series.all.map(({ labels, total }) => ({ labels, value: total() })),
  );
  return (labels = {}) => series.of(labels);
}

/**
 * Registers a histogram; its series are asked for once and kept by the caller.
 *
 * @param buckets upper bounds, ascending, without the infinite one
 */
export function histogram(
  registry: Registry,
  family: Family,
  buckets: readonly number[],
): (labels?: Labels) => HistogramSeries {
  const series = seriesByLabels((labels) => {
    const counts = new Float64Array(buckets.length + 1);
    let sum = 0;
    return {
      labels,
      counts,
      sum: () => sum,
      observe(value: number) {
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] ?? Infinity)) bucket += 1;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        sum += value;
      },
    };
  });

  register(registry, family, "histogram", () =>
    series.all.flatMap(({ labels, counts, sum }) => {
      let count = 0;
      const values: PrintedValue[] = Array.from(counts, (inBucket, index) => {
        count += inBucket;
        return {
          metricName: `${family.name}_bucket`,
          labels: { ...labels, le: buckets[index] ?? "+Inf" },
          value: count,
        };
      });
      values.push({ metricName: `${family.name}_sum`, labels, value: sum() });
      values.push({ metricName: `${family.name}_count`, labels, value: count });
      return values;
    }),
  );
  return (labels = {}) => series.of(labels);
}
