// Processor time and memory, as Linux reports them in /proc.
import { readdirSync, readFileSync } from "node:fs";

/** Linux reports processor time in hundredths of a second (USER_HZ). */
const msPerTick = 10;

/** The fields of /proc/PID/stat from the third on. The second, in parentheses, may contain blanks. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The sum of some fields of a process, which are numbered as in proc(5). */
function ticks(stat: readonly string[], fields: readonly number[]): number {
  return fields.reduce((sum, field) => sum + Number(stat[field - 3]), 0);
}

const [parent, utime, stime, cutime, cstime] = [4, 14, 15, 16, 17] as const;

/** The processor time that a process has used, in milliseconds. */
export function processorMs(pid: number): number {
  return ticks(statOf(pid), [utime, stime]) * msPerTick;
}

/** The same of several processes together. */
export function totalProcessorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorMs(pid), 0);
}

/** The processor time of a process and its children, those that have ended too, in milliseconds. */
export function familyProcessorMs(pid: number): number {
  let sum = ticks(statOf(pid), [utime, stime, cutime, cstime]);
  for (const child of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = statOf(Number(child));
      if (ticks(stat, [parent]) === pid) sum += ticks(stat, [utime, stime]);
    } catch {
      // It has ended.
    }
  }
  return sum * msPerTick;
}

/** The processor time of all processes, and of other guests of the host (steal), in milliseconds. */
export function machineBusyMs(): number {
  const [all = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // Interrupts are left out: the measured services' own network traffic causes most of them.
  const [, user, nice, system, _idle, _waiting, _hard, _soft, stolen] = all.split(/ +/).map(Number);
  const ticks = [user, nice, system, stolen];
  return ticks.reduce<number>((sum, count) => sum + (count ?? 0), 0) * msPerTick;
}

/** The resident memory of a process, in megabytes. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

/** Resolves when processes are idle: together they used less than a tick in 100 ms; or after `maxMs`. */
export async function settled(pids: readonly number[], maxMs = 20_000): Promise<void> {
  const endsAt = performance.now() + maxMs;
  for (let last = totalProcessorMs(pids); performance.now() < endsAt;) {
    await Bun.sleep(100);
    const now = totalProcessorMs(pids);
    if (now - last <= msPerTick) return;
    last = now;
  }
}
