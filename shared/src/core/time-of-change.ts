// When a resource was changed, as its stores record it.

/**
 * The time of a change, in milliseconds since 1970, to a resource last changed at `previous`. It
 * never repeats or goes back, even where the clock does, so every state of a resource has a time, and
 * therefore an ETag, of its own.
 */
export function timeOfChange(previous: number, now: number): number {
  return Math.max(now, previous + 1);
}
