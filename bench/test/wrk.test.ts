import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readSummary } from "../tools/wrk.ts";
import { workloads } from "../workloads/index.ts";

const output = `Running 2s test @ http://127.0.0.1:8000
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.66ms    1.02ms  18.20ms   80.00%
    Req/Sec     9.10k   512.00      9.90k    70.00%
  18234 requests in 2.00s, 6.10MB read
Requests/sec:   9117.00
Transfer/sec:      3.05MB
summary requests=18234 duration_us=2000000 p50_us=5660 p99_us=18100 connect_errors=1 read_errors=2 write_errors=3 status_errors=4 timeout_errors=5
`;

describe("readSummary()", () => {
  test("reads the figures, with every kind of error", () => {
    expect(readSummary(output)).toEqual({
      requests: 18_234,
      requestsPerSecond: 9117,
      p50Ms: 5.66,
      p99Ms: 18.1,
      errors: 15,
    });
  });

  test("gives no figures, instead of zeros, if wrk could not connect", () => {
    expect(readSummary("unable to connect to 127.0.0.1:1 Connection refused\n")).toBeUndefined();
  });

  test("counts a service that never responds as an error, without a latency of 0", () => {
    const silent = output
      .replace("requests=18234", "requests=0")
      .replace("p99_us=18100", "p99_us=0");
    const before = readSummary(output)?.errors ?? Number.NaN;
    expect(readSummary(silent)).toMatchObject({
      requestsPerSecond: 0,
      p99Ms: Number.NaN,
      errors: before + 1,
    });
  });

  test("throws if a figure is missing or not a number", () => {
    expect(() => readSummary(output.replace("timeout_errors=5", ""))).toThrow("timeout_errors");
    expect(() => readSummary(output.replace("p99_us=18100", "p99_us=-nan"))).toThrow("p99_us");
  });
});

test("every workload has its script", async () => {
  for (const { name } of workloads) {
    const script = Bun.file(join(import.meta.dir, `../workloads/${name}.lua`));
    expect(await script.exists()).toBe(true);
  }
});
