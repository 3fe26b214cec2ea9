// What an idle process holds, as Linux and its JavaScript engine report it.
import { expect } from "bun:test";
import { liveObjects, openFiles, residentKiB } from "../support/footprint.ts";
import { requestsInFlight } from "../support/requests-in-flight.ts";

/** A process to measure. */
export interface Inspected {
  readonly pid: number;
  readonly port: number;
  /** The path of its inspector, as given to `inspectable`. */
  readonly inspector: string;
  /** The port of user-service, which order-service calls. For user-service itself, its own port. */
  readonly upstreamPort: number;
}

/** The levels of an idle process. */
export interface Levels {
  readonly memoryMiB: number;
  /** Files and sockets, without the connections between services, which are kept for the next call. */
  readonly open: number;
  /** Timers that have neither fired nor been cleared. */
  readonly timers: number;
  /** Live objects after a garbage collection, without those that represent code. */
  readonly objects: number;
}

/** How much each level may grow during more of the same load. */
const maxGrowth: Levels = { memoryMiB: 16, open: 2, timers: 2, objects: 400 };

/** Classes that represent code; the engine creates and drops their objects as it optimises. */
const codeClasses = /Structure|Executable|CodeBlock|RareData|Table/;

/** Counts objects and timers after a garbage collection. */
async function countObjects(inspector: string): Promise<Pick<Levels, "objects" | "timers">> {
  const classes = Object.entries(await liveObjects(inspector));
  const counts = classes.flatMap(([name, count]) => (codeClasses.test(name) ? [] : [count]));
  const timers = classes.find(([name]) => name === "Timeout")?.[1] ?? 0;
  return { objects: counts.reduce((sum, count) => sum + count, 0), timers };
}

/** How many established connections lead to a port of this machine, counted at the client's end. */
async function connectionsTo(port: number): Promise<number> {
  const table = await Bun.file("/proc/net/tcp").text();
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const established = new RegExp(`^ *\\d+: \\S+ 0100007F:${hexPort} 01 `, "gm");
  return table.match(established)?.length ?? 0;
}

/** Waits until a process is idle, and takes the lowest levels of five seconds. */
export async function idleLevels(process: Inspected): Promise<Levels> {
  const { pid, port, inspector, upstreamPort } = process;
  await requestsInFlight({ port }, 0);
  const samples: Levels[] = [];
  for (let n = 0; n < 5; n += 1) {
    samples.push({
      ...(await countObjects(inspector)),
      memoryMiB: (await residentKiB(pid)) / 1024,
      open: (await openFiles(pid)) - (await connectionsTo(upstreamPort)),
    });
    await Bun.sleep(1000);
  }
  const lowest = (name: keyof Levels) => Math.min(...samples.map((sample) => sample[name]));
  return {
    memoryMiB: lowest("memoryMiB"),
    open: lowest("open"),
    timers: lowest("timers"),
    objects: lowest("objects"),
  };
}

/** Expects that no level of a process has grown by more than its limit. */
export function expectNoGrowth(before: Levels, after: Levels): void {
  const names = Object.keys(maxGrowth) as (keyof Levels)[];
  const grown = names.filter((name) => after[name] > before[name] + maxGrowth[name]);
  expect({ grown, before, after }).toEqual({ grown: [], before, after });
}
