import { describe, expect, test } from "bun:test";
import { metricIn } from "@platform/shared/testing/running-service";
import { Registry } from "prom-client";
import type { CircuitState } from "../../src/user-service/circuit-breaker.ts";
import { userServiceMetrics } from "../../src/user-service/metrics.ts";
import { attempts, circuitState } from "../fake-user-service.ts";

/** Metrics of calls, and the value that is scraped for a series. */
function setUp() {
  const registry = new Registry();
  const value = (series: string) => metricIn(registry, series);
  return { metrics: userServiceMetrics(registry), value };
}

const duration = (part: string) => `external_service_duration_seconds_${part}`;

describe("userServiceMetrics()", () => {
  test("counts every attempt by its status", async () => {
    const { metrics, value } = setUp();
    for (const status of ["200", "404", "200", "timeout", "error"]) metrics.attempted(status, 0.1);
    expect(await value(attempts("200"))).toBe(2);
    expect(await value(attempts("404"))).toBe(1);
    expect(await value(attempts("timeout"))).toBe(1);
    expect(await value(attempts("error"))).toBe(1);
  });

  test("begins at 0 for the outcomes that alerts use", async () => {
    const { value } = setUp();
    const statuses = "200 401 403 404 429 500 503 error timeout circuit_open queue_full";
    for (const status of statuses.split(" ")) expect(await value(attempts(status))).toBe(0);
  });

  test("times all attempts together, and no look-up that was refused without one", async () => {
    const { metrics, value } = setUp();
    metrics.attempted("200", 0.25);
    metrics.attempted("timeout", 2);
    metrics.refused("circuit_open");
    metrics.refused("queue_full");
    expect(await value(attempts("circuit_open"))).toBe(1);
    expect(await value(attempts("queue_full"))).toBe(1);
    expect(await value(duration('count{service="user-service"}'))).toBe(2);
    expect(await value(duration('sum{service="user-service"}'))).toBe(2.25);
    expect(await value(duration('bucket{service="user-service",le="0.25"}'))).toBe(1);
  });

  test("shows the state that the circuit has when metrics are scraped", async () => {
    const { metrics, value } = setUp();
    const numbers: Record<CircuitState, number> = { closed: 0, "half-open": 1, open: 2 };
    let state: CircuitState = "closed";
    metrics.reportCircuit(() => state);
    for (state of ["closed", "open", "half-open"] as const) {
      expect(await value(circuitState)).toBe(numbers[state]);
    }
  });
});
