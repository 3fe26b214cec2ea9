// A flood: connections that send their next request as soon as they are answered, whatever the
// answer, in a process of its own so that it takes nothing from who measures. Run by `flood` below.
import { rawClient } from "../support/raw-client.ts";

/** What to send, to whom, and how much of it. */
export interface FloodPlan {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly path: string;
  /** The body; each `#` becomes a number that is different every time. */
  readonly body: string;
}

/** What became of it. */
export interface FloodReport {
  /** Answers in that time, by their status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Refusals that did not say when to come back. */
  readonly withoutRetryAfter: number;
  /** Connections that broke instead of an answer. */
  readonly broken: number;
}

/** Floods a service, and waits until it is over. */
export async function flood(plan: FloodPlan): Promise<FloodReport> {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(plan)]);
  // Written by this file, below.
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
        const answer = await client.send("POST", path, headers, content);
        // What was under way at the end comes as slowly as it likes.
        if (performance.now() > endsAt) return;
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        if (answer.status === 503 && !answer.headers.has("retry-after")) withoutRetryAfter += 1;
      } catch {
        broken += 1;
      }
    }
  }

  await Promise.all(Array.from({ length: connections }, keepSending));
  return { statuses, withoutRetryAfter, broken };
}

if (import.meta.main) {
  // Written by `flood`, above.
  const plan = JSON.parse(process.argv[2] ?? "") as FloodPlan;
  console.log(JSON.stringify(await pour(plan)));
}
