import { afterEach, describe, expect, jest, test } from "bun:test";
import { createMetrics, type ServiceMetrics } from "../../src/telemetry/metrics.ts";
import { addProcessMetrics } from "../../src/telemetry/prometheus.ts";
import { requestsTotal } from "./requests-total.ts";

const build = { service: "notes", version: "1.2.3", commit: "abc" };

/** Every series that is printed, with its value. */
async function scrape({ registry }: ServiceMetrics): Promise<Map<string, number>> {
  const samples = (await registry.metrics()).matchAll(/^([a-z].*) (.*)$/gm);
  return new Map(samples.map(([, series = "", value]) => [series, Number(value)]));
}

describe("createMetrics()", () => {
  test("build_info is 1 and names the build", async () => {
    const series = await scrape(createMetrics(build));
    expect(series.get('build_info{service="notes",version="1.2.3",commit="abc"}')).toBe(1);
  });

  test("metrics of two services in one process are separate", async () => {
    const [notes, users] = [createMetrics(build), createMetrics({ ...build, service: "users" })];
    notes.http.responded("GET", "/notes", 200, 0.1);
    expect([...(await scrape(users)).keys()].filter((name) => name.includes("/notes"))).toEqual([]);
  });

  test("storage observes the duration and the writes of commits, and waits for locks", async () => {
    const metrics = createMetrics(build);
    metrics.storage.committed(0.002, 1);
    metrics.storage.committed(0.004, 12);
    metrics.storage.lockWaited();
    metrics.storage.waited(5.002);
    for (const length of [3, 4]) metrics.storage.watchQueue(() => length);
    const series = await scrape(metrics);
    expect(series.get("storage_commit_duration_seconds_count")).toBe(2);
    expect(series.get("storage_commit_duration_seconds_sum")).toBe(0.006);
    expect(series.get('storage_commit_batch_size_bucket{le="8"}')).toBe(1);
    expect(series.get('storage_commit_batch_size_bucket{le="16"}')).toBe(2);
    expect(series.get("storage_commit_batch_size_sum")).toBe(13);
    expect(series.get("storage_busy_total")).toBe(1);
    expect(series.get('storage_wait_seconds_bucket{le="5"}')).toBe(0);
    expect(series.get('storage_wait_seconds_bucket{le="6"}')).toBe(1);
    expect(series.get("storage_queue_length")).toBe(7);
  });
});

describe("createMetrics().storage", () => {
  test("shows what is known of the database's file, and nothing else", async () => {
    const metrics = createMetrics(build);
    metrics.storage.watchFile({
      databaseBytes: () => Promise.resolve(4096),
      walBytes: () => Promise.resolve(0),
      freeBytes: () => Promise.reject(new Error("The disk is away")),
      backedUpAt: () => Promise.resolve(undefined),
    });
    const series = await scrape(metrics);
    expect(series.get("storage_database_bytes")).toBe(4096);
    expect(series.get("storage_wal_bytes")).toBe(0);
    expect(series.has("storage_free_bytes")).toBe(false);
    expect(series.has("backup_last_success_timestamp_seconds")).toBe(false);
  });

  test("counts the reasons of failed commits, each from 0 on", async () => {
    const metrics = createMetrics(build);
    for (const reason of ["full", "io", "damaged", "interrupted", "other"] as const) {
      const failures = `storage_commit_failures_total{reason="${reason}"}`;
      expect((await scrape(metrics)).get(failures)).toBe(0);
      metrics.storage.commitFailed(reason);
      expect((await scrape(metrics)).get(failures)).toBe(1);
    }
  });
});

describe("createMetrics().http", () => {
  test("counts requests by method, route template and status, and times them by the first two", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", "/notes/{id}", 200, 0.25);
    metrics.http.responded("GET", "/notes/{id}", 200, 0.5);
    metrics.http.responded("GET", "/notes/{id}", 404, 20);
    const series = await scrape(metrics);
    expect(series.get(requestsTotal("GET", "/notes/{id}", 200))).toBe(2);
    expect(series.get(requestsTotal("GET", "/notes/{id}", 404))).toBe(1);
    const labels = 'method="GET",endpoint="/notes/{id}"';
    const duration = "http_request_duration_seconds";
    expect(series.get(`${duration}_count{${labels}}`)).toBe(3);
    expect(series.get(`${duration}_sum{${labels}}`)).toBe(20.75);
    expect(series.get(`${duration}_bucket{${labels},le="0.25"}`)).toBe(1);
    expect(series.get(`${duration}_bucket{${labels},le="10"}`)).toBe(2);
    expect(series.get(`${duration}_bucket{${labels},le="+Inf"}`)).toBe(3);
  });

  test("counts shed requests by reason, and does not time them", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", "/notes", 503, 1.8, "in-flight-limit");
    metrics.http.responded("POST", "/notes", 503, 1.8, "body-memory");
    metrics.http.responded("GET", "/notes", 503, 5, "storage-busy");
    metrics.http.responded("GET", "/notes", 503, 0.1, "circuit-open");
    const series = await scrape(metrics);
    expect(series.get(requestsTotal("GET", "/notes", 503))).toBe(3);
    expect(series.get('http_requests_shed_total{reason="in-flight-limit"}')).toBe(1);
    expect(series.get('http_requests_shed_total{reason="body-memory"}')).toBe(1);
    const count = "http_request_duration_seconds_count";
    expect(series.get(`${count}{method="GET",endpoint="/notes"}`)).toBe(2);
    expect(series.get(`${count}{method="POST",endpoint="/notes"}`)).toBe(0);
  });

  test("counts a body that did not arrive in time, and does not time its client", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("POST", "/notes", 408, 30);
    const series = await scrape(metrics);
    expect(series.get(requestsTotal("POST", "/notes", 408))).toBe(1);
    expect(series.get('http_request_duration_seconds_count{method="POST",endpoint="/notes"}')).toBe(
      0,
    );
  });

  test("counts requests that the storage refused by reason", async () => {
    const metrics = createMetrics(build);
    for (const reason of ["busy", "full", "gone", "unreachable", "interrupted"]) {
      expect((await scrape(metrics)).get(`storage_refused_total{reason="${reason}"}`)).toBe(0);
      metrics.http.responded("GET", "/notes", 503, 1, `storage-${reason}`);
      expect((await scrape(metrics)).get(`storage_refused_total{reason="${reason}"}`)).toBe(1);
    }
  });

  test.each([
    ["a try with the deadline of 2 s", 2.002, "2", "2.5"],
    ["a request with the deadline of 5 s", 5.01, "5", "6"],
  ])("tells %s from a slower one", async (_, seconds, below, above) => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", "/notes", 200, seconds);
    const series = await scrape(metrics);
    const bucket = 'http_request_duration_seconds_bucket{method="GET",endpoint="/notes",le=';
    expect(series.get(`${bucket}"${below}"}`)).toBe(0);
    expect(series.get(`${bucket}"${above}"}`)).toBe(1);
  });

  test("has the reasons of load shedding, and aborted requests, at 0 from the start", async () => {
    const series = await scrape(createMetrics(build));
    expect(series.get('http_requests_shed_total{reason="in-flight-limit"}')).toBe(0);
    expect(series.get('http_requests_shed_total{reason="body-memory"}')).toBe(0);
    expect(series.get("http_requests_aborted_total")).toBe(0);
  });

  test("reads the requests in flight when metrics are scraped", async () => {
    const metrics = createMetrics(build);
    let inFlight = 0;
    metrics.http.watchInFlight(() => inFlight, 1024);
    expect((await scrape(metrics)).get("http_requests_in_flight")).toBe(0);
    expect((await scrape(metrics)).get("http_requests_in_flight_limit")).toBe(1024);
    for (inFlight of [3, 1]) {
      expect((await scrape(metrics)).get("http_requests_in_flight")).toBe(inFlight);
    }
  });

  test("has one series for requests without a route, whatever methods clients invent", async () => {
    const metrics = createMetrics(build);
    metrics.http.responded("GET", undefined, 404, 0);
    const before = (await scrape(metrics)).size;
    for (let n = 0; n < 100; n += 1) metrics.http.responded(`METHOD${n}`, undefined, 405, 0);
    for (const method of ["get", "PROPFIND", "", 'X"}', "constructor"]) {
      metrics.http.responded(method, undefined, 405, 0);
    }
    const series = await scrape(metrics);
    expect(series.get(requestsTotal("GET", "unmatched", 404))).toBe(1);
    expect(series.get(requestsTotal("OTHER", "unmatched", 405))).toBe(105);
    const duration = [...series.keys()].filter((name) => name.includes('method="OTHER"'));
    expect(series.size).toBe(before + duration.length);
  });

  const methods = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" ");
  test.each(methods)("counts a method of HTTP by its name: %s", async (method) => {
    const metrics = createMetrics(build);
    metrics.http.responded(method, "/notes", 200, 0);
    expect((await scrape(metrics)).get(requestsTotal(method, "/notes", 200))).toBe(1);
  });
});

describe("createMetrics().watchReadiness()", () => {
  afterEach(() => void jest.useRealTimers());

  test("is 0 within a second, while the storage hangs", async () => {
    jest.useFakeTimers();
    const metrics = createMetrics(build);
    metrics.watchReadiness(() => Promise.withResolvers<boolean>().promise);
    const scraping = scrape(metrics);
    jest.advanceTimersByTime(1000);
    expect((await scraping).get("service_ready")).toBe(0);
  });
});

describe("addProcessMetrics()", () => {
  test("adds the metrics that mean something under Bun, and no other", async () => {
    const metrics = createMetrics(build);
    const before = await scrape(metrics);
    addProcessMetrics(metrics.registry);
    const series = await scrape(metrics);
    expect(series.get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(series.get("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(series.get("process_start_time_seconds")).toBeGreaterThan(1_700_000_000);
    const added = [...series.keys()].filter((name) => !before.has(name));
    expect(added.join("\n")).not.toMatch(/heap|gc|virtual|handles|requests|version/);
  });
});
