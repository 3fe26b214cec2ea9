// Asks a service how it is, as an orchestrator does, while something is done to it.
import type { Running } from "../../shared/testing/executable.ts";
import { rawClient } from "../support/raw-client.ts";

/** Probing that is under way. */
export interface Prober {
  /** Ends it. @returns the longest that an answer took, in ms; rejects if one was not 200 */
  stop(): Promise<number>;
}

const paths = ["/health", "/ready", "/metrics"];

/** Asks each operations endpoint ten times a second. */
export function probe({ port }: Pick<Running, "port">): Prober {
  let isOver = false;

  async function ask(path: string): Promise<number> {
    using client = rawClient(port);
    let longestMs = 0;
    while (!isOver) {
      const askedAt = performance.now();
      const { status } = await client.send("GET", path);
      if (status !== 200) throw new Error(`${path} answered ${status}`);
      longestMs = Math.max(longestMs, performance.now() - askedAt);
      await Bun.sleep(100);
    }
    return longestMs;
  }

  const all = paths.map(ask);
  const ended = Promise.allSettled(all);
  return {
    async stop() {
      isOver = true;
      await ended;
      return Math.max(...(await Promise.all(all)));
    },
  };
}
