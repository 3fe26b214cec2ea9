// Keeps what goes on and on from filling the log.

/** Between two lines about the same trouble, in ms. */
const intervalMs = 60_000;

/**
 * Makes a function that is true when it is first called, and again a minute after it was last true.
 *
 * @param now monotonic ms
 */
export function oncePerMinute(now = () => performance.now()): () => boolean {
  let trueAt = -Infinity;
  return () => {
    const time = now();
    if (time - trueAt < intervalMs) return false;
    trueAt = time;
    return true;
  };
}
