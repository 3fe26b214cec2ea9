// Work that goes on while something happens to those who do it.

/** Callers at work. */
export interface Load {
  /** Lets everyone finish what is under way. Rejects if the work of one of them failed. */
  stop(): Promise<void>;
}

/**
 * Has each caller do the work again and again, until told to stop.
 *
 * @param work the number is different every time; what it throws ends this caller
 */
export function repeat(callers: number, work: (n: number) => Promise<unknown>): Load {
  let isOver = false;
  let next = 0;
  const all = Array.from({ length: callers }, async () => {
    while (!isOver) await work(next++);
  });
  // Nobody waits for them until the load is stopped.
  const ended = Promise.allSettled(all);
  return {
    async stop() {
      isOver = true;
      await ended;
      await Promise.all(all);
    },
  };
}
