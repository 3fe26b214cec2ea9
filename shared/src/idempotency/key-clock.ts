// The age of idempotency keys on a machine whose clock may be set.

/** What {@link keyClock} returns. */
export type KeyClock = ReturnType<typeof keyClock>;

/**
 * A clock by which no key is deleted early when the system clock is set while the process runs. It
 * also counts monotonic time from its start; where the two differ, keys appear younger than they are.
 *
 * @param now milliseconds since 1970, from a clock that can be set
 * @param monotonic its milliseconds may stand still while the machine sleeps
 */
export function keyClock(now = Date.now, monotonic: Pick<Performance, "now"> = performance) {
  const startedAt = now() - monotonic.now();
  return {
    /** When a key is claimed: never too early. */
    claimedAt: () => Math.round(Math.max(now(), startedAt + monotonic.now())),
    /** The present time for finding keys that are old enough to delete: never too late. */
    judgedAt: () => Math.round(Math.min(now(), startedAt + monotonic.now())),
  };
}
