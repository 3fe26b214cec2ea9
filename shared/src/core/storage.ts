// What every storage engine promises to a running service.

/**
 * A random key that a service keeps in its storage: `cursor` encrypts the cursors of lists,
 * `request-digest` is for keyed digests of requests.
 */
export type SecretName = "cursor" | "request-digest";

/**
 * The storage of a service, whatever its engine. Its functions do not need `this`.
 *
 * Each engine adds `read` and `write`, whose callbacks have the types of that engine:
 *
 * - `read(query)` resolves with what `query` returns. `query` sees one state of the database, which
 *   has every commit that was acknowledged before the call, by this process or another one.
 * - `write(change)` runs `change` in a transaction and resolves with what it returns, once the
 *   commit would survive a crash of the process and of the machine. If `change` throws, its writes
 *   are undone and its error is passed on. `change` may run more than once.
 *
 * All functions reject with {@link StorageUnavailable} when the storage cannot do their work now.
 * After `close` they reject with another error.
 */
export interface Storage {
  /** Resolves when the storage can serve a read; rejects with the reason when it cannot. */
  ping(): Promise<void>;

  /**
   * The 32 bytes of a secret. A migration makes them, so all replicas, the service after a restart and
   * a restored copy have the same.
   *
   * @throws {StorageUnavailable} if the storage was not reached since the process started
   */
  secret(name: SecretName): Uint8Array;

  /**
   * Refuses new reads and writes, waits for queued writes and releases the storage. Further calls
   * resolve with the first.
   *
   * @param discardsQueue whether writes that are not committed yet are rejected as `busy`: their
   * clients are gone. Default: false
   */
  close(discardsQueue?: boolean): Promise<void>;
}

/** The sessions of a storage that has a server. */
export interface SessionCounts {
  /** Sessions that the storage may have at once. */
  readonly max: number;
  /** Sessions that are open, busy or not. */
  readonly open: number;
  /** Statements that are under way, each on a session of its own. */
  readonly used: number;
  /** Statements that wait for a session. */
  readonly waiting: number;
}

/** What is to be known of a database in a file. Each function may reject: then it is not known now. */
export interface FileFacts {
  databaseBytes(): Promise<number>;
  /** The log of commits that are not in the database yet. */
  walBytes(): Promise<number>;
  /** What this user may still write to the disk. */
  freeBytes(): Promise<number>;
  /** When this program last backed it up, in Unix seconds; undefined: that is not known. */
  backedUpAt(): Promise<number | undefined>;
}

/** Why a commit can fail. Another process's lock is not among them: a write that waits is not lost. */
export const commitFailures = [
  /** The disk has no room. */
  "full",
  /** The disk reports an error, such as EIO. */
  "io",
  /** The database is damaged. */
  "damaged",
  /** The session was lost, or the server was silent: the write may have been stored. */
  "interrupted",
  /** Anything else, such as a file that has become read-only; the log has the error. */
  "other",
] as const;

/** Why a commit failed. */
export type CommitFailure = (typeof commitFailures)[number];

/**
 * A write is settled.
 *
 * @param writes how many writes the transaction has stored; 0 if this one was not stored
 * @param error why it was not stored
 */
export type WriteSettled = (writes: number, error?: unknown) => void;

/** Receives what a storage measures, for metrics. Its functions must not throw. */
export interface StorageObserver {
  /**
   * The wait of a write is over, since its transaction has begun or since it was given up. On PostgreSQL
   * reads wait as well, for a session.
   *
   * @param seconds from its queuing
   */
  waited(seconds: number): void;

  /** A transaction that had begun was not committed. */
  commitFailed(reason: CommitFailure): void;

  /** Registers a queue of work that waits; `length` is called when metrics are scraped. */
  watchQueue(length: () => number): void;

  /**
   * A transaction was committed.
   *
   * @param durationSeconds from its begin to the end of its commit
   * @param writes how many writes shared it, from 1
   */
  committed(durationSeconds: number, writes: number): void;

  /**
   * Writes have to wait for another process's lock. Called once per wait, however long it is; on
   * PostgreSQL once per statement that writes and gave up waiting for a lock.
   */
  lockWaited(): void;

  /** Registers gauges of the database's file; `facts` are read when metrics are scraped. */
  watchFile(facts: FileFacts): void;

  /**
   * A write was queued, for the request that runs. Left out: no such span is recorded.
   *
   * @param system the engine, by OpenTelemetry's name
   * @returns to be called when the write is settled; undefined if it needs no call
   */
  writeQueued?(system: "sqlite" | "postgresql"): WriteSettled | undefined;

  /**
   * Registers gauges of the sessions; `count` is called when metrics are scraped.
   *
   * @returns to be called when a statement got no session in time
   */
  watchSessions(count: () => SessionCounts): () => void;
}

const messages = {
  busy: "The storage is busy",
  full: "The storage is full",
  gone: "The storage is not where it was",
  unreachable: "The storage cannot be reached",
  interrupted: "The storage was lost during a write, which may have been stored",
} as const;

// The type of Object.keys does not keep the keys.
/** Every reason of {@link StorageUnavailable}. */
export const unavailableReasons = Object.keys(messages) as (keyof typeof messages)[];

/**
 * The storage cannot read or write now; a retry may succeed. Nothing was changed, unless the reason
 * is `interrupted`.
 */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";

  constructor(
    /**
     * `busy`: another process held the lock for too long; `full`: there is no room to write;
     * `gone`: the storage was moved or deleted, and a write would be lost; `unreachable`: the server
     * is away, read-only or without a free session; `interrupted`: the session was lost while the
     * server worked on a write, which may or may not have been stored.
     */
    readonly reason: keyof typeof messages,
    options?: ErrorOptions,
  ) {
    super(messages[reason], options);
  }
}

/** The storage cannot be opened. One line for the operator; it names files: never for clients. */
export class StorageOpenError extends Error {
  override readonly name = "StorageOpenError";
}
