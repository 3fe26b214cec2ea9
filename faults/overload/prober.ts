// Probes the management routes, as an orchestrator does, while a test loads the service.
import { expect } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { repeatTimed } from "../support/load.ts";

const paths = ["/health", "/ready", "/metrics"];

/** Probes each route about ten times a second. @returns a function that stops and gives the longest time */
export function probe({ fetch }: Pick<Running, "fetch">): () => Promise<number> {
  const probes = repeatTimed(
    paths.length,
    async (n) => {
      const response = await fetch(paths[n % paths.length] ?? "");
      await response.text();
      expect(response.status).toBe(200);
    },
    100,
  );
  return async () => Math.max(...(await probes.stop()));
}
