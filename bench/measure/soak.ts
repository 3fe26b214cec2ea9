// Whether memory stays constant: both of the platform's services under load for minutes.
import { count } from "../tools/numbers.ts";
import { residentMegabytes } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import { startSystem } from "../tools/system.ts";
import { load, totalErrors } from "../tools/wrk.ts";
import { serviceNames } from "../peers/peer.ts";
import type { Bench } from "./bench.ts";

/** Resident memory in megabytes, second by second. */
export interface Soak {
  readonly seconds: number;
  readonly users: readonly number[];
  readonly orders: readonly number[];
  readonly errors: number;
}

const sampleMs = 1000;
const samplesPerLine = 60;

/** Sends both services their mixed workload at the same time, and records their memory. */
export async function measureSoak(
  { platform, seed, folder, placement }: Bench,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Soak> {
  await using system = await startSystem(platform, {
    seed,
    folder,
    services: serviceNames,
    pinned: placement.server,
  });
  const memory = { users: [] as number[], orders: [] as number[] };
  const watch = setInterval(() => {
    for (const [service, { pid }] of system.servers) {
      memory[service === "user-service" ? "users" : "orders"].push(residentMegabytes(pid));
    }
    if (memory.users.length % samplesPerLine === 0) sayMemory();
  }, sampleMs);
  const sayMemory = () => {
    const [users, orders] = [memory.users, memory.orders].map((all) => count(all.at(-1) ?? 0));
    say(`Memory after ${memory.users.length} s: users ${users} MB, orders ${orders} MB`);
  };
  try {
    const options = { seconds, rows: seed.rows, run: "soak", pinned: placement.load };
    const loads = await Promise.all([
      load({ ...options, url: system.urlOf("user-service"), script: "mix-users", connections }),
      load({ ...options, url: system.urlOf("order-service"), script: "mix-orders", connections }),
    ]);
    sayMemory();
    return { seconds, ...memory, errors: totalErrors(loads) };
  } finally {
    clearInterval(watch);
  }
}
