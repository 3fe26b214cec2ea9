// Waits for SQLite's locks. SQLite's own `busy_timeout` would block the event loop meanwhile.
import { isBusy, isFull } from "./errors.ts";
import { StorageUnavailable } from "../core/storage.ts";

/** How long callers wait for another process's lock, in ms, unless they say otherwise. */
export const defaultLockTimeoutMs = 5000;

/**
 * Interval at which a process polls for a lock, in ms. It has no jitter: timers have whole
 * milliseconds, so jitter makes some polls miss the gap that a writer leaves (it doubled the
 * longest waits on a slow disk).
 */
export const pollMs = 1;

/**
 * Resolves with what `attempt` returns. Repeats it every millisecond while another process holds
 * the lock that it needs.
 *
 * @throws {StorageUnavailable} `busy` when the lock is not free within `timeoutMs`, `full` when the
 * disk is full; any other error of `attempt` as it is
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
    await Bun.sleep(pollMs);
  }
}
