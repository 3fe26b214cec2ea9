/** What a running service needs of its storage, whatever engine is behind it. */
export interface Storage {
  /** Resolves when the storage answers a read; rejects with the reason when it does not. */
  ping(): Promise<void>;

  /**
   * Refuses anything new, finishes what was accepted and lets go of the storage.
   *
   * @param isCut what was accepted and is not committed yet is refused too, for who asked is gone
   */
  close(isCut?: boolean): Promise<void>;
}

/** What a storage tells about its commits, for metrics. Must not throw. */
export interface StorageObserver {
  /** A transaction with this many writes took this long from its begin to the end of its commit. */
  committed(durationSeconds: number, writes: number): void;

  /** Writes had to wait for another process's lock; called once, however long they wait. */
  lockWaited(): void;
}

const messages = {
  busy: "The storage is busy",
  full: "The storage is full",
  gone: "The storage is not where it was",
} as const;

/** The storage cannot take this now, and nothing was changed: trying again later may succeed. */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";

  constructor(
    /**
     * `busy`: others held the lock for too long; `full`: there is no room to write; `gone`: what is
     * written now would be lost.
     */
    readonly reason: keyof typeof messages,
    options?: ErrorOptions,
  ) {
    super(messages[reason], options);
  }
}

/** The storage cannot be opened; one line for the operator, which names files: not for clients. */
export class StorageOpenError extends Error {
  override readonly name = "StorageOpenError";
}
