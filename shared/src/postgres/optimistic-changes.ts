// Optimistic locking: a read, a decision, and a write on the condition that the row is still as it was
// read. No transaction stays open across the event loop.
import { StorageUnavailable } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { changeInTime } from "./request-deadline.ts";

/** Another replica changed or deleted the row between the read and the write. */
export const conflict = Symbol("conflict");

/** How many times another replica may come between before a change is given up. */
const maxAttempts = 50;

/** How long a change waits for those before it, such as one that waits for a lock on the row. */
const defaultMaxWaitMs = 1500;

/**
 * Makes a function that changes rows. Changes of one row by this process go one after the other, so
 * that they do not conflict with each other. After a conflict with another replica, a change is attempted
 * again.
 *
 * @returns its parameter `attempt` reads, decides and writes; it resolves with {@link conflict} if its
 * write found the row changed, and has written nothing then. It rejects as `attempt` does, or with
 * StorageUnavailable: `busy` after 50 conflicts, or a long wait for the changes before it; `interrupted` after
 * 5 s, while the change goes on.
 */
export function optimisticChanges(maxWaitMs = defaultMaxWaitMs) {
  /** The last change of each row that is under way; it never rejects. */
  const latest = new Map<string, Promise<unknown>>();

  async function change<T>(attempt: () => Promise<T | typeof conflict>): Promise<T> {
    for (let attempts = 1; attempts <= maxAttempts; attempts += 1) {
      const result = await attempt();
      if (result !== conflict) return result;
    }
    throw new StorageUnavailable("busy");
  }

  return <T>(id: string, attempt: () => Promise<T | typeof conflict>): Promise<T> => {
    const previous = latest.get(id);
    const result = previous
      ? withTimeout(previous, maxWaitMs, () => new StorageUnavailable("busy")).then(() =>
          change(attempt),
        )
      : change(attempt);
    const settled = Promise.allSettled([previous, result]).then(() => {
      if (latest.get(id) === settled) latest.delete(id);
    });
    latest.set(id, settled);
    return changeInTime(result);
  };
}
