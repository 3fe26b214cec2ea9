// Fairness on the one thread that there is: long work lets short work pass in between.

const waiting: (() => void)[] = [];
let isTaken = false;

function next(): void {
  const proceed = waiting.shift();
  isTaken = proceed !== undefined;
  if (proceed === undefined) return;
  setImmediate(next);
  proceed();
}

/**
 * Resolves in a turn of the event loop that no other caller has, at once if this one is free. Work
 * that takes milliseconds awaits it first: a hundred requests of that kind then hold others up for
 * one of them, and not for all.
 */
export async function ownTurn(): Promise<void> {
  if (isTaken) return new Promise((resolve) => waiting.push(resolve));
  isTaken = true;
  setImmediate(next);
  return undefined;
}
