// How old idempotency keys are, whatever is done to the clock.

/** What time it is for idempotency keys, in milliseconds since 1970. */
export interface KeyClock {
  /** For a key that is claimed. */
  claimedAt(): number;
  /** For judging how old keys are. */
  judgedAt(): number;
}

/**
 * A clock by which no key is forgotten early if the system's clock is set while the process runs. It
 * also counts by itself, and where the two differ a key is taken for the younger.
 *
 * @param now milliseconds since 1970, from a clock that can be set
 * @param elapsed monotonic milliseconds, which may stand still while the machine sleeps
 */
export function keyClock(now = Date.now, elapsed = () => performance.now()): KeyClock {
  const startedAt = now() - elapsed();
  const counted = () => Math.round(startedAt + elapsed());
  return {
    claimedAt: () => Math.max(now(), counted()),
    judgedAt: () => Math.min(now(), counted()),
  };
}
