// Requests that arrive together: those that one turn of the event loop finds on its sockets.

let endings: (() => void)[] | undefined;

function end(): void {
  const due = endings ?? [];
  endings = undefined;
  for (const ending of due) ending();
}

/** Tells that a request has just been read from its socket. */
export function requestArrived(): void {
  if (endings !== undefined) return;
  endings = [];
  // Immediates come before the next look at the sockets.
  setImmediate(end);
}

/**
 * Calls `ending` when the requests of this turn are begun and no other has been looked for.
 *
 * @returns false, and does not, if no request has arrived in this turn
 */
export function whenArrivalsEnd(ending: () => void): boolean {
  endings?.push(ending);
  return endings !== undefined;
}
