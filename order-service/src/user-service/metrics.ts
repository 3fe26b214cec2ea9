// Metrics of the calls of user-service.
import { latencyBuckets } from "@platform/shared/telemetry/latency-buckets";
import { counter, Gauge, histogram, type Registry } from "@platform/shared/telemetry/prometheus";
import type { CircuitState } from "./circuit-breaker.ts";

const service = "user-service";

/** What `circuit_state` shows. */
const stateNumbers: Record<CircuitState, number> = { closed: 0, "half-open": 1, open: 2 };

/** How attempts usually end, and how they fail. */
const statusesFromStart =
  "200 401 403 404 429 500 502 503 504 error timeout circuit_open queue_full".split(" ");

/** Why a look-up was refused without an attempt: the circuit is open, or too many look-ups waited. */
export type RefusedStatus = "circuit_open" | "queue_full";

/** What the user directory reports. */
export type UserServiceMetrics = ReturnType<typeof userServiceMetrics>;

/** Registers the metrics of calls of user-service. */
export function userServiceMetrics(registry: Registry) {
  const calls = counter(
    registry,
    {
      name: "external_service_calls_total",
      help: "HTTP attempts to call other services, by status, error or timeout; refused without one: circuit_open, queue_full",
    },
    statusesFromStart.map((status) => ({ service, status })),
  );
  const durations = histogram(
    registry,
    { name: "external_service_duration_seconds", help: "Time that an HTTP attempt took" },
    latencyBuckets,
  )({ service });
  return {
    /** An HTTP attempt ended with this status, or with `error` or `timeout`. */
    attempted(status: string, seconds: number): void {
      calls({ service, status }).add();
      durations.observe(seconds);
    },
    /** A look-up was refused without an attempt. */
    refused: (status: RefusedStatus) => calls({ service, status }).add(),
    /** Hands in what gives the state of the circuit when metrics are scraped. */
    reportCircuit(state: () => CircuitState): void {
      new Gauge({
        name: "circuit_state",
        help: "0 closed, 1 half open, 2 open",
        labelNames: ["service"],
        registers: [registry],
        collect() {
          this.set({ service }, stateNumbers[state()]);
        },
      });
    },
  };
}
