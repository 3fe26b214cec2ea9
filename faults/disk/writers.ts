// Clients that write to a failing disk, and what became of each write.
import { repeat } from "../support/load.ts";
import { summaryOf, type ResponseSummary } from "./storage-problems.ts";

/** Writers at work. */
export interface Writers {
  /** The numbers of the writes that got 201. */
  readonly stored: Set<number>;
  /** The responses to the other writes. */
  readonly refused: Map<number, ResponseSummary>;
  readonly enoughStored: Promise<void>;
  readonly enoughRefused: Promise<void>;
  stop(): Promise<void>;
}

/** Starts 16 writers, whose writes are numbered. `enough` is a number of writes. */
export function startWriters(write: (n: number) => Promise<Response>, enough: number): Writers {
  const stored = new Set<number>();
  const refused = new Map<number, ResponseSummary>();
  const enoughStored = Promise.withResolvers<void>();
  const enoughRefused = Promise.withResolvers<void>();
  const { stop } = repeat(16, async (n) => {
    const summary = await summaryOf(await write(n));
    if (summary.status === 201) stored.add(n);
    else refused.set(n, summary);
    if (stored.size >= enough) enoughStored.resolve();
    if (refused.size >= enough) enoughRefused.resolve();
  });
  return {
    stored,
    refused,
    enoughStored: enoughStored.promise,
    enoughRefused: enoughRefused.promise,
    stop,
  };
}
