// When requests have got as far as to be answered.
import type { Running } from "../../shared/testing/executable.ts";

/** Resolves when a service answers this many requests. */
export async function areInFlight({ fetch }: Running, count: number): Promise<void> {
  while (!(await (await fetch("/metrics")).text()).includes(`http_requests_in_flight ${count}\n`));
}
