// user-service that sends its spans to a collector, and what its clients and operators see meanwhile.
import { expect } from "bun:test";
import { createUser } from "../support/platform/resources.ts";
import { startService, type Service } from "../support/platform/services.ts";

/** How late a response may be on a busy machine, in ms; far less than any timeout of the exporter. */
const maxResponseMs = 5000;

/** A service whose spans go somewhere. */
export interface TracedService extends Service {
  /** Sends so many requests, a few at a time, and expects that each gets its response. */
  load(requests: number): Promise<void>;
  /** The sum of `tracing_spans_dropped_total` over its reasons. */
  dropped(): Promise<number>;
}

/**
 * Starts user-service.
 *
 * @param endpoint the origin of the collector
 */
export async function startTraced(
  endpoint: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TracedService> {
  const service = await startService("user-service", {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    ...env,
  });
  const id = await createUser(service);

  async function read(): Promise<void> {
    const startedAt = performance.now();
    const response = await service.fetch(`/users/${id}`);
    await response.json();
    expect(response.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(maxResponseMs);
  }

  return {
    ...service,
    async load(requests) {
      let left = requests;
      const client = async () => {
        while (left-- > 0) await read();
      };
      await Promise.all(Array.from({ length: 8 }, client));
    },
    async dropped() {
      const printed = await (await service.fetch("/metrics")).text();
      const series = printed.matchAll(/^tracing_spans_dropped_total\{reason="[a-z-]+"\} (\d+)$/gm);
      return Array.from(series, ([, count]) => Number(count)).reduce((sum, count) => sum + count);
    },
  };
}

/** The lines about spans that were not exported. */
export function warnings({ lines }: TracedService) {
  return lines.filter(({ msg }) => msg === "cannot export spans");
}
