// Fairness on the one thread that there is: long work lets short work pass in between.

/** How long one turn of the event loop may be held up by long work before the rest of it waits, in ms. */
const shareMs = 50;

/** How much of that may be of earlier turns. The rest is for requests that come now, see below. */
const shareOfWaitingMs = 10;

const waiting: (() => void)[] = [];
let turnStartedAt: number | undefined;

function startTurn(): void {
  turnStartedAt = performance.now();
  setImmediate(nextTurn);
}

function nextTurn(): void {
  turnStartedAt = undefined;
  if (waiting.length === 0) return;
  startTurn();
  // One callback for each, for the work itself is done between two of them.
  for (const _ of waiting) setImmediate(proceed);
}

function proceed(): void {
  if (heldUpMs() < shareOfWaitingMs) waiting.shift()?.();
}

/** How long this turn has been held up. */
function heldUpMs(): number {
  return turnStartedAt === undefined ? 0 : performance.now() - turnStartedAt;
}

/**
 * Resolves when work that takes milliseconds may begin: at once until such work has held up a turn of
 * the event loop for 50 ms, else in one of the next, where the first who waits comes first. A hundred
 * requests of that kind then hold others up for a few of them, and not for all.
 *
 * Waiting is not the rule because it makes answers dear: what is over 16 KiB and not sent in the turn
 * in which its request came leaves in some 20 packets (https://github.com/oven-sh/bun/pull/41341).
 */
export async function yieldToShortRequests(): Promise<void> {
  if (turnStartedAt === undefined) startTurn();
  if (heldUpMs() < shareMs) return;
  await new Promise<void>((resolve) => waiting.push(resolve));
}
