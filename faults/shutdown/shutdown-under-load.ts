// The shutdown of a service under load, behind a load balancer.
import type { Running } from "../../shared/testing/executable.ts";
import { fetchClient, socketClient, type Send } from "../support/clients.ts";
import { watchReadiness } from "../support/readiness.ts";

/** Clients, half of them with a connection of their own and half on fetch's shared ones. */
export function clientsOf(running: Running, count: number): Send[] {
  return Array.from({ length: count }, (_, n) =>
    n % 2 === 0 ? socketClient(running) : fetchClient(running.url),
  );
}

/**
 * Sends a signal after so many responses, while callers work for as long as the service is ready.
 * Rejects if a request got no response.
 *
 * @returns how many requests got a response, before and after the signal
 */
export async function shutDownUnderLoad(
  running: Running,
  {
    responses,
    signal = "SIGTERM",
    work,
  }: { responses: number; signal?: NodeJS.Signals; work: (send: Send) => Promise<void> },
) {
  await using readiness = watchReadiness(running.url);
  await readiness.until(true);
  const enough = Promise.withResolvers<void>();
  let count = 0;
  const callers = Promise.all(
    clientsOf(running, 16).map(async (send) => {
      const counted: Send = async (...request) => {
        const response = await send(...request);
        count += 1;
        if (count === responses) enough.resolve();
        return response;
      };
      while (readiness.isReady) await work(counted);
    }),
  );
  await Promise.race([enough.promise, callers]);
  const beforeSignal = count;
  running.kill(signal);
  await callers;
  return { beforeSignal, afterSignal: count - beforeSignal };
}
