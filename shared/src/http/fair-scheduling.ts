// Fairness between long and short requests on the one thread that both have.

/** Work that takes milliseconds may use this much of an event-loop turn; the rest of it waits. */
const maxLongWorkMs = 50;

/** Waiting work may use this much of a turn. The rest of the turn is for work that arrives in it. */
const maxWaitingWorkMs = 10;

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
  // One callback per waiting work: the work itself runs between two of them.
  for (const _ of waiting) setImmediate(proceed);
}

function proceed(): void {
  if (elapsedMs() < maxWaitingWorkMs) waiting.shift()?.();
}

/** How long the present turn has taken so far. */
function elapsedMs(): number {
  return turnStartedAt === undefined ? 0 : performance.now() - turnStartedAt;
}

/**
 * Resolves when work that takes milliseconds may begin. It may begin at once until such work has used
 * 50 ms of the event-loop turn, and otherwise in one of the next turns, first come, first served. A
 * hundred long requests then delay short ones by the time of a few, not of all.
 *
 * Not all long work waits, since Bun sends a response over 16 KiB in some 20 packets if it does not
 * leave in the turn in which its request arrived (https://github.com/oven-sh/bun/pull/41341).
 */
export async function yieldToShortRequests(): Promise<void> {
  if (turnStartedAt === undefined) startTurn();
  if (elapsedMs() < maxLongWorkMs) return;
  await new Promise<void>((resolve) => waiting.push(resolve));
}
