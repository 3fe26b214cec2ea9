// The end of a service in the midst of its work, behind a load balancer.
import type { Running } from "../../shared/testing/executable.ts";
import { fetchClient, socketClient, type Send } from "../support/clients.ts";
import { watchReadiness } from "../support/readiness.ts";

/** Clients of both kinds, half and half. */
export function clientsOf(running: Running, count: number): Send[] {
  return Array.from({ length: count }, (_, n) =>
    n % 2 === 0 ? socketClient(running) : fetchClient(running.url),
  );
}

/** How many requests were answered. */
interface Answers {
  readonly beforeSignal: number;
  readonly afterSignal: number;
}

/**
 * Tells a service to stop after so many answers, while callers work for as long as it is ready.
 * Rejects if one of them was not answered.
 */
export async function stopUnderLoad(
  running: Running,
  { answers, work }: { answers: number; work: (send: Send) => Promise<void> },
): Promise<Answers> {
  await using readiness = watchReadiness(running.url);
  await readiness.until(true);
  const enough = Promise.withResolvers<void>();
  let count = 0;
  const callers = Promise.all(
    clientsOf(running, 16).map(async (send) => {
      const counted: Send = async (...request) => {
        const reply = await send(...request);
        count += 1;
        if (count === answers) enough.resolve();
        return reply;
      };
      while (readiness.isReady) await work(counted);
    }),
  );
  await Promise.race([enough.promise, callers]);
  const beforeSignal = count;
  running.kill("SIGTERM");
  await callers;
  return { beforeSignal, afterSignal: count - beforeSignal };
}
