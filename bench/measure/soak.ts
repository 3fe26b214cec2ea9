// Measures whether memory stays constant while both services are under load for minutes.
import { count } from "../tools/numbers.ts";
import { residentMegabytes } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import { startSystem } from "../tools/system.ts";
import { load, totalErrors } from "../tools/wrk.ts";
import { serviceNames } from "../peers/peer.ts";
import type { Bench } from "./bench.ts";

/** The memory of both services under load. */
export interface Soak {
  /** How long the load lasted. */
  readonly seconds: number;
  /** Resident memory of user-service in megabytes, one sample a second. */
  readonly users: readonly number[];
  /** The same of order-service. */
  readonly orders: readonly number[];
  /** Failed requests to both services. */
  readonly errors: number;
}

const sampleMs = 1000;
const samplesPerProgressLine = 60;

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
  const sayMemory = () => {
    const [users, orders] = [memory.users, memory.orders].map((samples) =>
      count(samples.at(-1) ?? 0),
    );
    say(`Memory after ${memory.users.length} s: users ${users} MB, orders ${orders} MB`);
  };
  const sampler = setInterval(() => {
    for (const [service, { pid }] of system.servers) {
      memory[service === "user-service" ? "users" : "orders"].push(residentMegabytes(pid));
    }
    if (memory.users.length % samplesPerProgressLine === 0) sayMemory();
  }, sampleMs);
  try {
    const options = { seconds, rows: seed.rows, run: "soak", pinned: placement.load };
    const loads = await Promise.all([
      load({ ...options, url: system.urlOf("user-service"), script: "mix-users", connections }),
      load({ ...options, url: system.urlOf("order-service"), script: "mix-orders", connections }),
    ]);
    sayMemory();
    return { seconds, ...memory, errors: totalErrors(loads) };
  } finally {
    clearInterval(sampler);
  }
}
