// The time of user-service from the start of its process to its first 200, and its memory after that.
import { count, median, rotated } from "../tools/numbers.ts";
import { residentMegabytes, settled } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import { startSystem } from "../tools/system.ts";
import type { Bench } from "./bench.ts";

/** The starts of a peer. */
export interface Starts {
  readonly ms: number[];
  readonly idleMegabytes: number[];
}

/** Starts every peer several times, in turns. @returns the starts by the peer's name */
export async function measureStarts(
  { peers, seed, folder, placement }: Bench,
  rounds: number,
): Promise<Record<string, Starts>> {
  const starts: Record<string, Starts> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of rotated(peers, round)) {
      await using system = await startSystem(peer, {
        seed,
        folder,
        services: ["user-service"],
        pinned: placement.server,
      });
      await settled(system.pids);
      const own = (starts[peer.name] ??= { ms: [], idleMegabytes: [] });
      for (const { pid, startMs } of system.servers.values()) {
        own.ms.push(startMs);
        own.idleMegabytes.push(residentMegabytes(pid));
      }
    }
  }
  const figures = Object.entries(starts).map(([name, { ms }]) => `${name} ${count(median(ms))} ms`);
  say(`Cold start: ${figures.join(", ")}`);
  return starts;
}
