// The memory, files and objects of a process, from Linux and from its JavaScript engine.
import { readdir } from "node:fs/promises";

async function statusKiB(pid: number, field: string): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const value = new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(status)?.[1];
  if (value === undefined) throw new Error(`Process ${pid} has no ${field}`);
  return Number(value);
}

/** The resident memory (VmRSS). */
export const residentKiB = (pid: number) => statusKiB(pid, "VmRSS");

/** The highest resident memory since `resetPeak`. */
export const peakKiB = (pid: number) => statusKiB(pid, "VmHWM");

/** Lowers the peak to the resident memory of now. */
export async function resetPeak(pid: number): Promise<void> {
  await Bun.write(`/proc/${pid}/clear_refs`, "5");
}

/** How many file descriptors are open, sockets included. */
export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** The environment of a process whose objects can be counted through an inspector at this path. */
export function inspectable(path: string): Readonly<Record<string, string>> {
  return { BUN_INSPECT: `ws+unix://${path}` };
}

const expression = `
  Bun.gc(true);
  JSON.stringify(process.getBuiltinModule("bun:jsc").heapStats().objectTypeCounts);`;

/** Counts the live objects of an `inspectable` process by class, after a garbage collection. */
export async function liveObjects(path: string): Promise<Readonly<Record<string, number>>> {
  const socket = new WebSocket(`ws+unix://${path}`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.addEventListener("error", () => reject(new Error(`Cannot inspect ${path}`)));
  socket.addEventListener("message", ({ data }) => resolve(String(data)));
  socket.addEventListener("open", () => {
    const params = { expression, returnByValue: true };
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
  });
  try {
    const { result } = JSON.parse(await promise) as { result: { result: { value: string } } };
    return JSON.parse(result.result.value) as Record<string, number>;
  } finally {
    socket.close();
  }
}
