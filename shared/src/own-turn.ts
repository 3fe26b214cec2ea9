// Fairness on the one thread that there is: long work lets short work pass in between.

let last: Promise<void> = Promise.resolve();

/**
 * Resolves in a turn of the event loop that no other caller has. Work that takes milliseconds awaits
 * it first: a hundred requests of that kind then hold others up for one of them, and not for all.
 */
export function ownTurn(): Promise<void> {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
  return last;
}
