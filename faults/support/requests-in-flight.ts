// When requests have reached the service's handlers.
import { rawClient } from "./raw-client.ts";

/** Resolves when the service reports so many requests in flight; its management routes do not count. */
export async function requestsInFlight({ port }: { port: number }, count: number): Promise<void> {
  using client = rawClient(port);
  const metric = `\nhttp_requests_in_flight ${count}\n`;
  while (!(await client.send("GET", "/metrics")).body.includes(metric));
}
