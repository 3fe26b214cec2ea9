// Keeps what goes on and on from filling the log.

/**
 * Makes a function that is true when it is first called, and again `ms` after it was last true.
 *
 * @param now monotonic ms
 */
export function atMostEvery(ms: number, now = () => performance.now()): () => boolean {
  let trueAt = -Infinity;
  return () => {
    const time = now();
    if (time - trueAt < ms) return false;
    trueAt = time;
    return true;
  };
}
