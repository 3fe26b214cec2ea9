import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import type { CircuitState } from "../../src/user-service/circuit-breaker.ts";
import { userServiceMetrics } from "../../src/user-service/metrics.ts";

/** Metrics of calls, and the value that is scraped for a series. */
function setUp() {
  const registry = new Registry();
  const value = async (series: string) => {
    const lines = (await registry.metrics()).split("\n");
    const line = lines.find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  };
  return { metrics: userServiceMetrics(registry), value };
}

const calls = (status: string) =>
  `external_service_calls_total{service="user-service",status="${status}"}`;
const duration = (part: string) => `external_service_duration_seconds_${part}`;

test("every try is counted by what came of it", async () => {
  const { metrics, value } = setUp();
  for (const status of ["200", "404", "200", "timeout", "error"]) metrics.tried(status, 0.1);
  expect(await value(calls("200"))).toBe(2);
  expect(await value(calls("404"))).toBe(1);
  expect(await value(calls("timeout"))).toBe(1);
  expect(await value(calls("error"))).toBe(1);
});

test("tries are timed together, those that found the circuit open are not", async () => {
  const { metrics, value } = setUp();
  metrics.tried("200", 0.25);
  metrics.tried("timeout", 2);
  metrics.rejected();
  expect(await value(calls("circuit_open"))).toBe(1);
  expect(await value(duration('count{service="user-service"}'))).toBe(2);
  expect(await value(duration('sum{service="user-service"}'))).toBe(2.25);
  expect(await value(duration('bucket{service="user-service",le="0.25"}'))).toBe(1);
});

test("the circuit's state is told as it is when somebody asks", async () => {
  const { metrics, value } = setUp();
  let state: CircuitState = "closed";
  metrics.reportCircuit(() => state);
  const expected: [CircuitState, number][] = [
    ["closed", 0],
    ["open", 2],
    ["half-open", 1],
  ];
  for (const [current, number] of expected) {
    state = current;
    expect(await value('circuit_state{service="user-service"}')).toBe(number);
  }
});
