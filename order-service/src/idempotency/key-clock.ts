// The age of idempotency keys on a machine whose clock may be set.

/** The time for idempotency keys, in milliseconds since 1970. */
export interface KeyClock {
  /** When a key is claimed: never too early. */
  claimedAt(): number;
  /** The present time for finding keys that are old enough to delete: never too late. */
  judgedAt(): number;
}

/**
 * A clock by which no key is deleted early when the system clock is set while the process runs. It
 * also counts monotonic time from its start; where the two differ, keys appear younger than they are.
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
