import { describe, expect, test } from "bun:test";
import { createMetrics, type ServiceMetrics } from "../../src/telemetry/metrics.ts";
import { addProcessMetrics } from "../../src/telemetry/prometheus.ts";

const build = { service: "notes", version: "1.2.3", commit: "abc" };

/** What is scraped: the value of every series as it is printed. */
async function scrape({ registry }: ServiceMetrics): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split("\n").filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test("the build is told by a series that is always 1", async () => {
  const series = await scrape(createMetrics(build));
  expect(series.get('build_info{service="notes",version="1.2.3",commit="abc"}')).toBe(1);
});

test("two services in one process do not count each other's requests", async () => {
  const [notes, users] = [createMetrics(build), createMetrics({ ...build, service: "users" })];
  notes.http.responded("GET", "/notes", 200, 0.1);
  expect([...(await scrape(users)).keys()].filter((name) => name.includes("/notes"))).toEqual([]);
});

describe("requests", () => {
  const count = (method: string, endpoint: string, status: number) =>
    `http_requests_total{method="${method}",endpoint="${endpoint}",status="${status}"}`;

  test("are counted by method, route template and status, and timed by the first two", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", "/notes/{id}", 200, 0.25);
    metrics.http.responded("GET", "/notes/{id}", 200, 0.5);
    metrics.http.responded("GET", "/notes/{id}", 404, 20);
    const series = await scrape(metrics);
    expect(series.get(count("GET", "/notes/{id}", 200))).toBe(2);
    expect(series.get(count("GET", "/notes/{id}", 404))).toBe(1);
    const labels = 'method="GET",endpoint="/notes/{id}"';
    const duration = "http_request_duration_seconds";
    expect(series.get(`${duration}_count{${labels}}`)).toBe(3);
    expect(series.get(`${duration}_sum{${labels}}`)).toBe(20.75);
    expect(series.get(`${duration}_bucket{${labels},le="0.25"}`)).toBe(1);
    expect(series.get(`${duration}_bucket{${labels},le="10"}`)).toBe(2);
    expect(series.get(`${duration}_bucket{${labels},le="+Inf"}`)).toBe(3);
  });

  test("in flight are told as they are when somebody asks", async () => {
    const metrics = createMetrics(build);
    let inFlight = 0;
    metrics.http.watchInFlight(() => inFlight);
    expect((await scrape(metrics)).get("http_requests_in_flight")).toBe(0);
    for (inFlight of [3, 1]) {
      expect((await scrape(metrics)).get("http_requests_in_flight")).toBe(inFlight);
    }
  });

  test("that match no route are one series, whatever methods clients make up", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", undefined, 404, 0);
    const before = (await scrape(metrics)).size;
    for (let n = 0; n < 100; n += 1) metrics.http.responded(`METHOD${n}`, undefined, 405, 0);
    for (const method of ["get", "PROPFIND", "", 'X"}', "constructor"]) {
      metrics.http.responded(method, undefined, 405, 0);
    }
    const series = await scrape(metrics);
    expect(series.get(count("GET", "unmatched", 404))).toBe(1);
    expect(series.get(count("OTHER", "unmatched", 405))).toBe(105);
    const duration = [...series.keys()].filter((name) => name.includes('method="OTHER"'));
    expect(series.size).toBe(before + duration.length);
  });

  test.each("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" "))(
    "are counted as what they are: %s",
    async (method) => {
      const metrics = createMetrics(build);
      metrics.http.responded(method, "/notes", 200, 0);
      expect((await scrape(metrics)).get(count(method, "/notes", 200))).toBe(1);
    },
  );
});

test("commits are told with their time, their writes and the locks that were waited for", async () => {
  const metrics = createMetrics(build);
  metrics.storage.committed(0.002, 1);
  metrics.storage.committed(0.004, 12);
  metrics.storage.lockWaited();
  const series = await scrape(metrics);
  expect(series.get("storage_commit_duration_seconds_count")).toBe(2);
  expect(series.get("storage_commit_duration_seconds_sum")).toBe(0.006);
  expect(series.get('storage_commit_batch_size_bucket{le="8"}')).toBe(1);
  expect(series.get('storage_commit_batch_size_bucket{le="16"}')).toBe(2);
  expect(series.get("storage_commit_batch_size_sum")).toBe(13);
  expect(series.get("storage_busy_total")).toBe(1);
});

test("of the process only what means something under Bun is told", async () => {
  const metrics = createMetrics(build);
  const before = await scrape(metrics);
  addProcessMetrics(metrics.registry);
  const series = await scrape(metrics);
  expect(series.get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  expect(series.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(series.get("process_start_time_seconds")).toBeGreaterThan(1_700_000_000);
  const added = [...series.keys()].filter((name) => !before.has(name));
  expect(added.filter((name) => /heap|gc|virtual|handles|requests|version/.test(name))).toEqual([]);
});
