// Fairness on the one thread that there is: long work lets short work pass in between.

/** How long one turn of the event loop may be held up by long work before the rest of it waits, in ms. */
const shareMs = 20;

const waiting: (() => void)[] = [];
let turnStartedAt: number | undefined;

function nextTurn(): void {
  const proceed = waiting.shift();
  turnStartedAt = undefined;
  if (proceed === undefined) return;
  startTurn();
  proceed();
}

function startTurn(): void {
  turnStartedAt = performance.now();
  setImmediate(nextTurn);
}

/**
 * Resolves when work that takes milliseconds may begin: at once until such work has held up a turn of
 * the event loop for 20 ms, else in one of the next, first come, first served. A hundred requests of
 * that kind then hold others up for a few of them, and not for all.
 *
 * Waiting is not the rule because it makes answers dear: what is over 16 KiB and not sent in the turn
 * in which its request came leaves in some 20 packets (https://github.com/oven-sh/bun/pull/41341).
 */
export async function turnForLongWork(): Promise<void> {
  if (turnStartedAt === undefined) startTurn();
  else if (performance.now() - turnStartedAt >= shareMs) {
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
}
