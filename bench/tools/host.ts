// The machine: its cores, and the file system and the disk of a folder.
import { fdatasyncSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { rm, statfs } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import type { EngineName } from "../engines/engine.ts";

/** The words in front of a command that pin it to cores. */
export interface Placement {
  /** For the report. */
  readonly description: string;
  readonly server: readonly string[];
  /** Also of the database server, if there is one. */
  readonly load: readonly string[];
  /** Both cores. */
  readonly both: readonly string[];
}

/** The cores in a list of Linux, such as `0-3,8`. */
export function parseCores(list: string): number[] {
  return list
    .trim()
    .split(",")
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, n) => first + n);
    });
}

/** Picks one core for the services and another for the load, if there are two and taskset is installed. */
export function placement(engine: EngineName): Placement {
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  const cores = parseCores(allowed?.[1] ?? "0");
  const server = cores[0];
  const others = engine === "postgres" ? "PostgreSQL and load" : "load";
  const load = cores.at(-1); // core 1 is often the other hyper-thread of core 0
  if (server === load || !Bun.which("taskset")) {
    const why = server === load ? "there is one core" : "taskset is missing";
    return { description: `nothing is pinned: ${why}`, server: [], load: [], both: [] };
  }
  return {
    description: `services on core ${server}, ${others} on core ${load}`,
    server: ["taskset", "-c", String(server)],
    load: ["taskset", "-c", String(load)],
    both: ["taskset", "-c", `${server},${load}`],
  };
}

const memoryFileSystems = new Set([0x01021994, 0x858458f6]); // tmpfs, ramfs

/** Why a folder cannot be used: in a file system in memory, a flush costs nothing. */
export async function diskMissing(folder: string): Promise<string | undefined> {
  const { type } = await statfs(folder);
  return memoryFileSystems.has(type)
    ? `Cannot measure in ${folder}: it is in memory. Name a folder on a disk with --folder`
    : undefined;
}

/** Appends 4 KiB to a file and flushes it to the disk, again and again. @returns the rate per second */
export async function flushesPerSecond(folder: string, ms: number): Promise<number> {
  const path = join(folder, "flush");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4096, 1);
  let count = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  closeSync(file);
  await rm(path);
  return count / seconds;
}

/** The machine in a few words. */
export function describeHost() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    loadAverage: loadavg()[0] ?? 0,
  };
}
