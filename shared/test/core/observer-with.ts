// An observer of a storage for tests that look at a part of what it is told.
import type { StorageObserver } from "../../src/core/storage.ts";

/** An observer that does nothing, but for what `own` does. */
export function observerWith(own: Partial<StorageObserver>): StorageObserver {
  const ignore = () => undefined;
  return {
    waited: ignore,
    committed: ignore,
    commitFailed: ignore,
    lockWaited: ignore,
    watchFile: ignore,
    watchQueue: ignore,
    watchSessions: () => ignore,
    ...own,
  };
}
