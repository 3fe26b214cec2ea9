// Writing to an SQLite file that other processes write to as well: writes that arrive together
// share one transaction and one disk flush, and a lock held elsewhere never blocks the event loop.
import type { Database, Statement } from "bun:sqlite";
import { hasMoved } from "./database-file.ts";
import { isBusy, isFull } from "./errors.ts";
import { defaultLockTimeoutMs, pause, pollMs, type Synchronous } from "./lock.ts";
import { StorageUnavailable, type StorageObserver } from "../core/storage.ts";

// Both bound how long one transaction keeps its callers and the other processes waiting.
const maxBatchWrites = 256;
const maxGatherMs = 2;

// Two processes that write back to back starve each other, since who has just committed is back
// sooner than the other looks again. So each leaves a gap, in which the other looks at least once,
// after every commit while it sees traces of another writer, and else once in a while for one
// that it has not seen yet.
const gapMs = 2;
const contendedMs = 1000;
const maxStretchMs = 100;

/** A queued change; what became of it is kept back until its transaction is committed. */
class QueuedWrite<T> {
  readonly queuedAt = performance.now();
  succeeded = false;
  readonly #change: () => T;
  readonly #promise = Promise.withResolvers<T>();
  #tell: () => void = () => undefined;

  constructor(change: () => T) {
    this.#change = change;
  }

  get promise(): Promise<T> {
    return this.#promise.promise;
  }

  run(): void {
    const value = this.#change();
    if (value instanceof Object && "then" in value && typeof value.then === "function") {
      void Promise.resolve<unknown>(value).catch(() => undefined); // its failure adds nothing
      throw new TypeError("A change must be synchronous: it returned a promise");
    }
    this.succeeded = true;
    this.#tell = () => this.#promise.resolve(value);
  }

  fail(error: unknown): void {
    this.succeeded = false;
    this.#tell = () => this.#promise.reject(error);
  }

  settle(): void {
    this.#tell();
  }
}

/** What the queue needs of its entries, whatever they answer. */
type Queued = Pick<QueuedWrite<unknown>, "queuedAt" | "succeeded" | "run" | "fail" | "settle">;

/** Commits writes in groups. The connection must not wait for locks itself (`busy_timeout = 0`). */
export class GroupCommit {
  readonly #db: Database;
  readonly #observer: StorageObserver | undefined;
  readonly #lockTimeoutMs: number;
  readonly #beforeBegin: () => void;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #dataVersion: Statement<{ data_version: number }, []>;
  readonly #queue: Queued[] = [];
  #worker: Promise<void> | undefined;
  #closed = false;

  #seenVersion: number | undefined;
  #othersSeenAt = -Infinity;
  #committedAt = -Infinity;
  #stretchStartedAt = -Infinity;

  /** @param options `beforeBegin` ends whatever transaction may be open */
  constructor(
    db: Database,
    options: {
      observer?: StorageObserver | undefined;
      lockTimeoutMs?: number | undefined;
      beforeBegin?: () => void;
    } = {},
  ) {
    this.#db = db;
    this.#observer = options.observer;
    this.#lockTimeoutMs = options.lockTimeoutMs ?? defaultLockTimeoutMs;
    this.#beforeBegin = options.beforeBegin ?? (() => undefined);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#dataVersion = db.prepare("PRAGMA data_version");
  }

  /**
   * Gives what `change` returns, after the transaction that holds it is committed.
   *
   * `change` may run more than once, and within a transaction with others: it must be synchronous
   * and do nothing but read and write this database. If it throws, its own writes are undone and
   * its error is passed on; that is slow, so expected outcomes should be returned.
   *
   * @throws {StorageUnavailable} when the lock is not free in time, the disk is full, or the file was
   * moved or deleted
   */
  write<T>(change: (() => T) & Synchronous<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("Cannot write: the storage is closed"));
    const write = new QueuedWrite<T>(change);
    this.#queue.push(write);
    this.#worker ??= this.#work();
    return write.promise;
  }

  /**
   * Refuses new writes; resolves when those accepted are settled.
   *
   * @param isCut they are refused too, unless they are being committed
   */
  async close(isCut = false): Promise<void> {
    this.#closed = true;
    if (isCut) this.#refuse(this.#queue.length);
    await this.#worker;
  }

  async #work(): Promise<void> {
    do {
      await this.#leaveGap();
      await this.#gather();
      await this.#commitBatch();
    } while (this.#queue.length > 0);
    this.#worker = undefined;
  }

  async #leaveGap(): Promise<void> {
    const now = performance.now();
    const gapLeftMs = gapMs - (now - this.#committedAt);
    if (gapLeftMs <= 0) {
      this.#stretchStartedAt = now;
      return;
    }
    const isContended = now - this.#othersSeenAt < contendedMs;
    if (!isContended && now - this.#stretchStartedAt < maxStretchMs) return;
    await pause(Math.ceil(gapLeftMs)); // timers cut fractions off
    this.#stretchStartedAt = performance.now();
  }

  // A commit blocks the event loop for a disk flush, so it pays to wait until a turn of the loop
  // brings nothing new. Measured over HTTP: with a microtask instead each write is committed alone;
  // with a single turn 16 callers get 20 % less done, 64 callers 8 %. A lone caller feels nothing.
  async #gather(): Promise<void> {
    const startedAt = performance.now();
    let gathered: number;
    do {
      gathered = this.#queue.length;
      await new Promise((resolve) => setImmediate(resolve));
    } while (
      this.#queue.length > gathered &&
      this.#queue.length < maxBatchWrites &&
      performance.now() - startedAt < maxGatherMs
    );
  }

  async #commitBatch(): Promise<void> {
    let isWaiting = false;
    while (this.#queue.length > 0 && !this.#tryCommit()) {
      if (!isWaiting) this.#observer?.lockWaited();
      isWaiting = true;
      this.#othersSeenAt = performance.now();
      await pause(pollMs);
      this.#giveUpLateWrites();
    }
  }

  /** Settles the front of the queue, or gives false because another process holds the lock. */
  #tryCommit(): boolean {
    const batch = this.#queue.slice(0, maxBatchWrites);
    const startedAt = performance.now();
    try {
      this.#transact(batch);
      this.#committedAt = performance.now();
    } catch (error) {
      if (isBusy(error)) return false;
      const reason = isFull(error) ? new StorageUnavailable("full", { cause: error }) : error;
      for (const write of batch) write.fail(reason);
    }
    this.#queue.splice(0, batch.length);
    const committed = batch.filter((write) => write.succeeded).length;
    if (committed > 0) {
      this.#observer?.committed((this.#committedAt - startedAt) / 1000, committed);
    }
    for (const write of batch) write.settle();
    return true;
  }

  #transact(batch: readonly Queued[], apart = false): void {
    let isChanging = false;
    try {
      this.#beforeBegin();
      this.#begin.run();
      if (hasMoved(this.#db)) throw new StorageUnavailable("gone");
      this.#lookForOthers();
      isChanging = true;
      for (const write of batch) {
        if (apart) this.#runApart(write);
        else write.run();
        // A full disk ends the transaction, and a change may have caught the error.
        if (!this.#db.inTransaction) throw new Error("The transaction was ended by a change");
      }
      isChanging = false;
      this.#commit.run();
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (apart || !isChanging || isBusy(error) || isFull(error)) throw error;
      // Savepoints cost as much as a small write does, so only a batch that needs them has them.
      this.#transact(batch, true);
    }
  }

  /** Runs one change so that its failure is its own. */
  #runApart(write: Queued): void {
    this.#db.run("SAVEPOINT change");
    try {
      write.run();
    } catch (error) {
      if (isBusy(error) || isFull(error) || !this.#db.inTransaction) throw error;
      this.#db.run("ROLLBACK TO change");
      write.fail(error);
    }
    this.#db.run("RELEASE change");
  }

  #lookForOthers(): void {
    const version = this.#dataVersion.get()?.data_version; // only others' commits change it
    if (this.#seenVersion !== undefined && version !== this.#seenVersion) {
      this.#othersSeenAt = performance.now();
    }
    this.#seenVersion = version;
  }

  #giveUpLateWrites(): void {
    const queuedBefore = performance.now() - this.#lockTimeoutMs;
    const inTime = this.#queue.findIndex((write) => write.queuedAt > queuedBefore);
    this.#refuse(inTime < 0 ? this.#queue.length : inTime);
  }

  /** Refuses the first of the queue. */
  #refuse(count: number): void {
    for (const write of this.#queue.splice(0, count)) {
      write.fail(new StorageUnavailable("busy"));
      write.settle();
    }
  }
}
