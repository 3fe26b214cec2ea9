// Waiting for SQLite's locks without blocking the event loop, as `busy_timeout` would.
import { isBusy, isFull } from "./errors.ts";
import { StorageUnavailable } from "../core/storage.ts";

/** How long a lock held by another process is waited for, in ms, unless told otherwise. */
export const defaultLockTimeoutMs = 5000;

/**
 * The time between two looks at a lock, in ms. Timers have whole milliseconds: jitter would make some
 * looks miss the gap that a writer leaves, and on a slow disk it doubled the longest waits.
 */
export const pollMs = 1;

/** Resolves after this many milliseconds, of which timers cut fractions off. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Gives what `attempt` returns, asking again every millisecond while another process holds
 * the lock that it needs.
 *
 * @throws {StorageUnavailable} when the lock is not free in time, or the disk is full
 */
export async function retryWhileBusy<T>(
  attempt: () => T,
  timeoutMs: number = defaultLockTimeoutMs,
): Promise<T> {
  let startedAt: number | undefined;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (isFull(error)) throw new StorageUnavailable("full", { cause: error });
      if (!isBusy(error)) throw error;
      startedAt ??= performance.now();
      if (performance.now() - startedAt >= timeoutMs) {
        throw new StorageUnavailable("busy", { cause: error });
      }
    }
    await pause(pollMs);
  }
}
