// Reads of single rows that arrive while statements are under way share the next statement: a session
// then serves many of them in one round trip.

/** How reads of one kind are batched. */
interface BatchReadsOptions<Row> {
  /** Reads the rows with these keys by one statement, in any order. No key is there twice. */
  read(keys: readonly string[]): Promise<readonly Row[]>;
  keyOf(row: Row): string;
}

/** Bounds how long one statement keeps its callers waiting. */
const maxBatchSize = 256;

/** Several, so that a session on a silent network path, or behind a lock, delays its own batch alone. */
const maxStatements = 4;

interface QueuedRead<Row> {
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/**
 * Makes a function that reads the row with a key. A lone caller's row is read at once. What a batch
 * reads was committed before its statement began, which is after each of its callers asked.
 *
 * @returns resolves with undefined if there is no such row; rejects as `read` does, with the others
 * of its batch
 */
export function batchReads<Row>({
  read,
  keyOf,
}: BatchReadsOptions<Row>): (key: string) => Promise<Row | undefined> {
  let queue = new Map<string, QueuedRead<Row>[]>();
  let statements = 0;

  function takeBatch(): Map<string, QueuedRead<Row>[]> {
    const batch = queue;
    queue = new Map();
    if (batch.size <= maxBatchSize) return batch;
    for (const [key, reads] of [...batch].slice(maxBatchSize)) {
      batch.delete(key);
      queue.set(key, reads);
    }
    return batch;
  }

  async function readBatch(batch: Map<string, QueuedRead<Row>[]>): Promise<void> {
    try {
      for (const row of await read([...batch.keys()])) {
        const key = keyOf(row);
        for (const { resolve } of batch.get(key) ?? []) resolve(row);
        batch.delete(key);
      }
      for (const { resolve } of [...batch.values()].flat()) resolve(undefined);
    } catch (error) {
      for (const { reject } of [...batch.values()].flat()) reject(error);
    }
  }

  /** Drains the queue in the place of a statement that has ended. */
  async function drain(): Promise<void> {
    while (queue.size > 0) await readBatch(takeBatch());
    statements -= 1;
  }

  /** Reads the row of a caller that does not wait. */
  async function readAtOnce(key: string): Promise<Row | undefined> {
    statements += 1;
    try {
      return (await read([key])).find((row) => keyOf(row) === key);
    } finally {
      if (queue.size > 0) void drain();
      else statements -= 1;
    }
  }

  return (key) => {
    if (statements < maxStatements) return readAtOnce(key);
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    const queued = { resolve, reject };
    const sameKey = queue.get(key);
    if (sameKey) sameKey.push(queued);
    else queue.set(key, [queued]);
    return promise;
  };
}
