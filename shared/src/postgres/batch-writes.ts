// Group commit with a server: writes that arrive while a statement is under way go together in the
// next, so that they share a round trip and a flush of the server's disk.
import { StorageUnavailable } from "../core/storage.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import { ValueRefused } from "./errors.ts";

/** Bounds how long one statement keeps its callers and other replicas waiting. */
const maxBatchSize = 256;

/** How writes of one kind are batched. */
export interface BatchOptions<Item, Result> {
  /**
   * Stores items by one statement, all or none, and resolves with their results in the same order.
   * No two items have the same `keyOf`, and they are sorted by it.
   */
  write(items: readonly Item[]): Promise<readonly Result[]>;
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
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Makes a function that stores an item together with others. A lone caller's item is stored at once.
 *
 * A batch that fails rejects all its callers alike; if the server refused a value of one, each item
 * is stored alone, so that the refusal reaches its own caller and no other.
 *
 * @returns rejects as `write` does, or with StorageUnavailable `busy` for an item that waited too long
 */
export function batchWrites<Item, Result>({
  write,
  keyOf,
  maxWaitMs = 750,
}: BatchOptions<Item, Result>): (item: Item) => Promise<Result> {
  const queue = new BoundedQueue<Queued<Item, Result>>(maxWaitMs, ({ reject }) =>
    reject(new StorageUnavailable("busy")),
  );
  let isWriting = false;

  /** The next items: equal keys go one after the other. */
  function takeBatch(): Queued<Item, Result>[] {
    const batch = new Map<string, Queued<Item, Result>>();
    while (batch.size < maxBatchSize) {
      const next = queue.take(({ key }) => !batch.has(key));
      if (next === undefined) break;
      batch.set(next.key, next);
    }
    return [...batch.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async function writeBatch(batch: readonly Queued<Item, Result>[]): Promise<void> {
    try {
      const results = await write(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error("A batch has lost a result");
      // The lengths are equal, so there is a result for each.
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      if (error instanceof ValueRefused && batch.length > 1) {
        for (const each of batch) await writeBatch([each]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async function work(): Promise<void> {
    isWriting = true;
    for (let batch = takeBatch(); batch.length > 0; batch = takeBatch()) await writeBatch(batch);
    isWriting = false;
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    queue.push({ item, key: keyOf(item), resolve, reject });
    if (!isWriting) void work();
    return promise;
  };
}
