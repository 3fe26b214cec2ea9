// Group commit with a server: writes that arrive while a statement is under way go together in the
// next, so that they share a round trip and a flush of the server's disk.
import { StorageUnavailable } from "../core/storage.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import { isLockTimeout, ValueRefused } from "./errors.ts";
import type { PostgresStorage } from "./postgres-storage.ts";

/** Bounds how long one statement keeps its callers and other replicas waiting. */
const maxBatchSize = 256;

/** A statement that takes longer, such as one that waits for a lock, does not hold up the next. */
const slowMs = 200;

/**
 * Statements under way at once. The next begins when those before it have run for {@link slowMs}, or store
 * an item of a batch that failed.
 */
const maxStatements = 4;

/** How writes of one kind are batched. */
export interface BatchOptions<Item, Result> {
  /** Where the statements go to. */
  readonly storage: Pick<PostgresStorage, "watchQueue" | "writeQueued">;
  /**
   * Stores items by one statement, all or none, and resolves with their results in the same order.
   * No two items have the same `keyOf`, and they are sorted by it.
   *
   * @param queuedAt when each was queued, for {@link PostgresStorage.write}
   */
  write(items: readonly Item[], queuedAt: readonly number[]): Promise<readonly Result[]>;
  /**
   * The value of an item that a unique index allows once. Statements that take the locks of such
   * values in one order cannot block each other (40P01).
   */
  keyOf(item: Item): string;
  /** How long an item may wait for the statement before its own. Default: 750. */
  readonly maxWaitMs?: number;
}

interface Queued<Item, Result> {
  readonly item: Item;
  readonly key: string;
  readonly queuedAt: number;
  /** Whether it goes alone: a batch that had it has failed for the sake of one of its items. */
  readonly isAlone: boolean;
  /** @param writes how many items the statement has stored */
  resolve(result: Result, writes: number): void;
  reject(error: unknown): void;
}

/**
 * Makes a function that stores an item together with others. A lone caller's item is stored at once.
 *
 * A batch that fails rejects all its callers alike. But if the server refused a value of one item, or one
 * has to wait for a lock, each item is stored alone, so that this concerns its own caller and no other.
 *
 * @returns rejects as `write` does, or with StorageUnavailable `busy` for an item that waited too long
 */
export function batchWrites<Item, Result>({
  storage,
  write,
  keyOf,
  maxWaitMs = 750,
}: BatchOptions<Item, Result>): (item: Item) => Promise<Result> {
  const queue = new BoundedQueue<Queued<Item, Result>>(maxWaitMs, ({ reject }) =>
    reject(new StorageUnavailable("busy")),
  );
  storage.watchQueue(() => queue.size);
  /** The keys of items whose statement is under way. */
  const busyKeys = new Set<string>();
  let statements = 0;
  /** Statements under way that do not hold up the next. */
  let overtakable = 0;

  /** The next items: equal keys go one after the other. */
  function takeBatch(): Queued<Item, Result>[] {
    const batch = new Map<string, Queued<Item, Result>>();
    while (batch.size < maxBatchSize) {
      const next = queue.take(
        ({ key, isAlone }) => !batch.has(key) && !busyKeys.has(key) && !(isAlone && batch.size > 0),
      );
      if (next === undefined) break;
      batch.set(next.key, next);
      if (next.isAlone) break;
    }
    return [...batch.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async function writeBatch(batch: readonly Queued<Item, Result>[]): Promise<void> {
    try {
      const items = batch.map(({ item }) => item);
      const results = await write(
        items,
        batch.map(({ queuedAt }) => queuedAt),
      );
      if (results.length !== batch.length) throw new Error("A batch has lost a result");
      // The lengths are equal, so there is a result for each.
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result, batch.length));
    } catch (error) {
      const isForOne = error instanceof ValueRefused || isLockTimeout(error);
      if (isForOne && batch.length > 1) {
        for (const each of batch) queue.push({ ...each, isAlone: true });
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async function run(batch: readonly Queued<Item, Result>[]): Promise<void> {
    statements += 1;
    for (const { key } of batch) busyKeys.add(key);
    let isOvertakable = false;
    const letNextBegin = () => {
      isOvertakable = true;
      overtakable += 1;
      work();
    };
    const isAlone = batch.some((queued) => queued.isAlone);
    const timer = isAlone ? undefined : setTimeout(letNextBegin, slowMs);
    const written = writeBatch(batch);
    if (isAlone) letNextBegin();
    await written;
    clearTimeout(timer);
    if (isOvertakable) overtakable -= 1;
    for (const { key } of batch) busyKeys.delete(key);
    statements -= 1;
    work();
  }

  /** Begins the next statement, if those under way do not hold it up. */
  function work(): void {
    if (statements > overtakable || statements >= maxStatements) return;
    const batch = takeBatch();
    if (batch.length > 0) void run(batch);
  }

  return (item) => {
    const settled = storage.writeQueued?.("postgresql");
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    queue.push({
      item,
      key: keyOf(item),
      queuedAt: performance.now(),
      isAlone: false,
      resolve(result, writes) {
        settled?.(writes);
        resolve(result);
      },
      reject(error) {
        settled?.(0, error);
        reject(error);
      },
    });
    work();
    return promise;
  };
}
