// Probes the management routes, as an orchestrator does, while a test loads the service.
import type { Running } from "../../shared/testing/executable.ts";
import { rawClient } from "../support/raw-client.ts";

/** A running prober. */
export interface Prober {
  /** Ends it. @returns the longest response time, in ms; rejects if a status was not 200 */
  stop(): Promise<number>;
}

const paths = ["/health", "/ready", "/metrics"];

/** Probes each management route ten times a second. */
export function probe({ port }: Pick<Running, "port">): Prober {
  let isOver = false;

  async function probeRoute(path: string): Promise<number> {
    using client = rawClient(port);
    let maxMs = 0;
    while (!isOver) {
      const sentAt = performance.now();
      const { status } = await client.send("GET", path);
      if (status !== 200) throw new Error(`${path} responds with ${status}`);
      maxMs = Math.max(maxMs, performance.now() - sentAt);
      await Bun.sleep(100);
    }
    return maxMs;
  }

  const all = paths.map(probeRoute);
  const ended = Promise.allSettled(all);
  return {
    async stop() {
      isOver = true;
      await ended;
      return Math.max(...(await Promise.all(all)));
    },
  };
}
