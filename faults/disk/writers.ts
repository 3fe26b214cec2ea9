// Clients that write to a failing disk, and what became of each write.
import { repeat, type Load } from "../support/load.ts";
import { summaryOf, type ResponseSummary } from "./storage-problems.ts";

/** Writers at work. */
export interface Writers extends Load {
  /** The numbers of the writes that got 201. */
  readonly stored: Set<number>;
  /** The responses to the other writes. */
  readonly refused: Map<number, ResponseSummary>;
}

/** Starts 16 writers, whose writes are numbered. */
export function startWriters(write: (n: number) => Promise<Response>): Writers {
  const stored = new Set<number>();
  const refused = new Map<number, ResponseSummary>();
  const load = repeat(16, async (n) => {
    const summary = await summaryOf(await write(n));
    if (summary.status === 201) stored.add(n);
    else refused.set(n, summary);
  });
  return { ...load, stored, refused };
}
