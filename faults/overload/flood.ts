// Connections that send their next request as soon as a response arrives, whatever its status. They
// run in a process of their own, started by `flood` below, so that they do not slow the prober down.
import { rawClient } from "../support/raw-client.ts";

/** What to send, where to and for how long. */
export interface FloodPlan {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly path: string;
  /** Each `#` becomes a different text in every request. */
  readonly body: string;
}

/** What the flood led to. */
export interface FloodReport {
  /** How many responses had which status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** 503 responses without Retry-After. */
  readonly withoutRetryAfter: number;
  /** Connections that broke before a response. */
  readonly broken: number;
}

/** Floods a service for the planned time. */
export async function flood(plan: FloodPlan): Promise<FloodReport> {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(plan)]);
  // The last line of this file prints it.
  return (await new Response(child.stdout).json()) as FloodReport;
}

async function pour({ port, connections, seconds, path, body }: FloodPlan): Promise<FloodReport> {
  const statuses: Record<string, number> = {};
  let withoutRetryAfter = 0;
  let broken = 0;
  const run = crypto.randomUUID();
  let next = 0;
  const headers = { "content-type": "application/json" };
  const endsAt = performance.now() + seconds * 1000;

  async function keepSending(): Promise<void> {
    using client = rawClient(port);
    while (performance.now() < endsAt) {
      const content = body.replaceAll("#", `${run}-${next++}`);
      try {
        const response = await client.send("POST", path, headers, content);
        // The rate is per planned second, so a response after the end does not count.
        if (performance.now() > endsAt) return;
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        if (response.status === 503 && !response.headers.has("retry-after")) withoutRetryAfter += 1;
      } catch {
        broken += 1;
      }
    }
  }

  await Promise.all(Array.from({ length: connections }, keepSending));
  return { statuses, withoutRetryAfter, broken };
}

if (import.meta.main) {
  // `flood` passes it, above.
  const plan = JSON.parse(process.argv[2] ?? "") as FloodPlan;
  console.log(JSON.stringify(await pour(plan)));
}
