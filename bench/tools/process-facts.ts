// What Linux tells about a process, and about all of them.
import { readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second for everybody (USER_HZ). */
const msPerTick = 10;

/** The processor time that a process has used, in milliseconds. */
export function processorMs(pid: number): number {
  // The name, in brackets, may hold blanks; utime and stime are fields 14 and 15.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** The processor time that all processes have used, and other guests of the host, in milliseconds. */
export function machineBusyMs(): number {
  const [all = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // Interrupts are left out: most of them are the network of what is measured.
  const [, user, nice, system, _idle, _waiting, _hard, _soft, stolen] = all.split(/ +/).map(Number);
  const ticks = [user, nice, system, stolen];
  return ticks.reduce<number>((sum, count) => sum + (count ?? 0), 0) * msPerTick;
}

/** The memory that a process has resident now, in megabytes. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

/** Resolves when processes have nothing left to do, or after some seconds. */
export async function settled(pids: readonly number[], mostMs = 20_000): Promise<void> {
  const total = () => pids.reduce((sum, pid) => sum + processorMs(pid), 0);
  const endsAt = performance.now() + mostMs;
  for (let last = total(); performance.now() < endsAt;) {
    await Bun.sleep(100);
    const now = total();
    if (now - last <= msPerTick) return;
    last = now;
  }
}
