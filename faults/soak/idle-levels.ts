// What a process holds when it has nothing to do, as the system and its own engine tell it.
import { expect } from "bun:test";
import { liveObjects, openFiles, residentKiB } from "../support/footprint.ts";
import { rawClient } from "../support/raw-client.ts";

/** A process to look at. */
export interface Inspected {
  readonly pid: number;
  readonly port: number;
  /** Where it lets its engine be looked into: see `countable`. */
  readonly inspector: string;
  /** The port of the service that it calls, or that is called: its own, of user-service. */
  readonly neighbourPort: number;
}

/** What it holds. */
export interface Levels {
  readonly memoryMiB: number;
  /** Files and sockets, but for those of calls between services, which are kept for the next call. */
  readonly open: number;
  /** Timers that have not fired or been cleared. */
  readonly timers: number;
  /** Objects that are alive after a collection, but for those that code is made of. */
  readonly objects: number;
}

/** What a process may hold more of after more of the same work. */
const mostMore: Levels = { memoryMiB: 16, open: 2, timers: 2, objects: 400 };

/** What the engine makes of code, more or less of it as it sees fit. */
const ofCode = /Structure|Executable|CodeBlock|RareData|Table/;

/** Has the process collect its garbage, and counts what is left. */
async function countObjects(inspector: string): Promise<Pick<Levels, "objects" | "timers">> {
  const classes = Object.entries(await liveObjects(inspector));
  const counts = classes.flatMap(([name, count]) => (ofCode.test(name) ? [] : [count]));
  const timers = classes.find(([name]) => name === "Timeout")?.[1] ?? 0;
  return { objects: counts.reduce((sum, count) => sum + count, 0), timers };
}

/** How many connections there are to a port of this machine, as those see it who made them. */
async function connectionsTo(port: number): Promise<number> {
  const table = await Bun.file("/proc/net/tcp").text();
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const established = new RegExp(`^ *\\d+: \\S+ 0100007F:${hexPort} 01 `, "gm");
  return table.match(established)?.length ?? 0;
}

async function waitUntilIdle(port: number): Promise<void> {
  using client = rawClient(port);
  const isIdle = async () =>
    (await client.send("GET", "/metrics")).body.includes("\nhttp_requests_in_flight 0\n");
  while (!(await isIdle()));
}

/** Waits until a process has nothing to do, and takes the lowest that it holds within some seconds. */
export async function idleLevels(process: Inspected): Promise<Levels> {
  const { pid, port, inspector, neighbourPort } = process;
  await waitUntilIdle(port);
  const looks: Levels[] = [];
  for (let look = 0; look < 5; look += 1) {
    looks.push({
      ...(await countObjects(inspector)),
      memoryMiB: (await residentKiB(pid)) / 1024,
      open: (await openFiles(pid)) - (await connectionsTo(neighbourPort)),
    });
    await Bun.sleep(1000);
  }
  const lowest = (name: keyof Levels) => Math.min(...looks.map((look) => look[name]));
  return {
    memoryMiB: lowest("memoryMiB"),
    open: lowest("open"),
    timers: lowest("timers"),
    objects: lowest("objects"),
  };
}

/** Holds what a process has after work against what it had before. */
export function expectNoMore(before: Levels, after: Levels): void {
  const names = Object.keys(mostMore) as (keyof Levels)[];
  const grown = names.filter((name) => after[name] > before[name] + mostMore[name]);
  expect({ grown, before, after }).toEqual({ grown: [], before, after });
}
