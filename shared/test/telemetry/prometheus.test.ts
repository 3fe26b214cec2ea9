import { afterEach, describe, expect, jest, test } from "bun:test";
import { Registry } from "prom-client";
import { counter, gauge, histogram } from "../../src/telemetry/prometheus.ts";

/** The printed lines without comments. */
async function samples(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

describe("counter()", () => {
  const makeJobs = () => {
    const registry = new Registry();
    return { registry, jobs: counter(registry, { name: "jobs_total", help: "Jobs done" }) };
  };

  test("prints help, type and a line for every series", async () => {
    const { registry, jobs } = makeJobs();
    jobs({ kind: "small" }).add();
    jobs({ kind: "large" }).add(5);
    jobs({ kind: "small" }).add(2);
    expect((await registry.metrics()).trim().split("\n")).toEqual([
      "# HELP jobs_total Jobs done",
      "# TYPE jobs_total counter",
      'jobs_total{kind="small"} 3',
      'jobs_total{kind="large"} 5',
    ]);
  });

  test("prints 0 from the start where it has no labels", async () => {
    const { registry, jobs } = makeJobs();
    const series = jobs();
    expect(await samples(registry)).toEqual(["jobs_total 0"]);
    series.add();
    expect(await samples(registry)).toEqual(["jobs_total 1"]);
  });

  test("prints 0 from the start for the series that are there from the start", async () => {
    const registry = new Registry();
    const family = { name: "jobs_total", help: "Jobs done" };
    const jobs = counter(registry, family, [{ kind: "small" }, { kind: "large" }]);
    jobs({ kind: "small" }).add();
    expect(await samples(registry)).toEqual([
      'jobs_total{kind="small"} 1',
      'jobs_total{kind="large"} 0',
    ]);
  });

  test("continues a series that is asked for again", async () => {
    const { registry, jobs } = makeJobs();
    for (let n = 0; n < 1000; n += 1) jobs({ kind: "small", size: String(n % 2) }).add();
    expect(await samples(registry)).toEqual([
      'jobs_total{kind="small",size="0"} 500',
      'jobs_total{kind="small",size="1"} 500',
    ]);
  });

  test("keeps series apart whose labels are alike when joined", async () => {
    const { registry, jobs } = makeJobs();
    jobs({ a: "x", b: "yz" }).add();
    jobs({ a: "xy", b: "z" }).add();
    jobs({ a: "", b: "xyz" }).add();
    expect(await samples(registry)).toHaveLength(3);
  });

  test("escapes the value of a label", async () => {
    const { registry, jobs } = makeJobs();
    jobs({ value: '"} 1\nevil_total{a="\\' }).add();
    expect(await samples(registry)).toEqual([
      String.raw`jobs_total{value="\"} 1\nevil_total{a=\"\\"} 1`,
    ]);
  });
});

describe("gauge()", () => {
  afterEach(() => void jest.useRealTimers());

  test("is read at each scrape", async () => {
    const registry = new Registry();
    let value = 0;
    gauge(registry, { name: "size", help: "Size" }, () => (value += 1));
    gauge(registry, { name: "later", help: "Size" }, () => Promise.resolve(7));
    expect((await registry.metrics()).trim().split("\n")).toEqual([
      "# HELP size Size",
      "# TYPE size gauge",
      "size 1",
      "",
      "# HELP later Size",
      "# TYPE later gauge",
      "later 7",
    ]);
    expect(await samples(registry)).toEqual(["size 2", "later 7"]);
  });

  test("has no value while it is unknown, cannot be read or does not answer", async () => {
    jest.useFakeTimers();
    const registry = new Registry();
    gauge(registry, { name: "unknown", help: "" }, () => undefined);
    gauge(registry, { name: "throws", help: "" }, () => {
      throw new Error("no such file");
    });
    gauge(registry, { name: "rejects", help: "" }, () => Promise.reject(new Error("no file")));
    gauge(registry, { name: "hangs", help: "" }, () => Promise.withResolvers<number>().promise);
    gauge(registry, { name: "known", help: "" }, () => 1);
    const scraping = samples(registry);
    jest.advanceTimersByTime(1000);
    expect(await scraping).toEqual(["known 1"]);
  });
});

describe("histogram()", () => {
  test("counts values at or below each bound, and sums them", async () => {
    const registry = new Registry();
    const durations = histogram(registry, { name: "seconds", help: "Time" }, [0.5, 1]);
    const series = durations({ job: "a" });
    for (const value of [0, 0.5, 0.75, 1, 4]) series.observe(value);
    expect((await registry.metrics()).trim().split("\n")).toEqual([
      "# HELP seconds Time",
      "# TYPE seconds histogram",
      'seconds_bucket{job="a",le="0.5"} 2',
      'seconds_bucket{job="a",le="1"} 4',
      'seconds_bucket{job="a",le="+Inf"} 5',
      'seconds_sum{job="a"} 6.25',
      'seconds_count{job="a"} 5',
    ]);
  });

  test("prints empty buckets from the start where it has no labels", async () => {
    const registry = new Registry();
    histogram(registry, { name: "seconds", help: "Time" }, [1])();
    expect(await samples(registry)).toEqual([
      'seconds_bucket{le="1"} 0',
      'seconds_bucket{le="+Inf"} 0',
      "seconds_sum 0",
      "seconds_count 0",
    ]);
  });

  test("never counts more in a bucket than in the next", async () => {
    const registry = new Registry();
    const bounds = [1, 2, 4, 8, 16];
    const series = histogram(registry, { name: "sizes", help: "Sizes" }, bounds)();
    for (let n = 0; n < 200; n += 1) series.observe((n * 7919) % 23);
    const lines = await samples(registry);
    const buckets = lines.filter((line) => line.startsWith("sizes_bucket"));
    const counts = buckets.map((line) => Number(line.split(" ")[1]));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(200);
  });
});
