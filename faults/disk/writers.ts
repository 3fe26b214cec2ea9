// Writers on a disk that fills up: each write is either stored or refused.
import { repeat } from "../support/load.ts";
import { told, type Told } from "./storage-problems.ts";

/** Writers at work, and what they were told. */
export interface Writers {
  /** The numbers that were answered with 201. */
  readonly stored: Set<number>;
  /** The answers to the other numbers. */
  readonly refused: Map<number, Told>;
  /** Resolves when enough was stored. */
  readonly atWork: Promise<void>;
  /** Resolves when enough was refused. */
  readonly turnedAway: Promise<void>;
  stop(): Promise<void>;
}

/** Has 16 callers write something different again and again. */
export function startWriters(write: (n: number) => Promise<Response>, enough: number): Writers {
  const stored = new Set<number>();
  const refused = new Map<number, Told>();
  const atWork = Promise.withResolvers<void>();
  const turnedAway = Promise.withResolvers<void>();
  const { stop } = repeat(16, async (n) => {
    const answer = await told(await write(n));
    if (answer.status === 201) stored.add(n);
    else refused.set(n, answer);
    if (stored.size >= enough) atWork.resolve();
    if (refused.size >= enough) turnedAway.resolve();
  });
  return { stored, refused, atWork: atWork.promise, turnedAway: turnedAway.promise, stop };
}
