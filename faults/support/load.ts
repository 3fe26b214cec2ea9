// Callers that keep working while a test does something to the service.

/** Callers at work. */
export interface Load {
  /** Resolves when `isReached`, which is asked after every call. Rejects if a call failed. */
  until(isReached: () => boolean): Promise<void>;
  /** Resolves when every caller has finished its current call. Rejects if a call failed. */
  stop(): Promise<void>;
}

/**
 * Lets each caller repeat its work until the load is stopped.
 *
 * @param work called with a number that no other call gets; a caller whose work throws ends
 */
export function repeat(callers: number, work: (n: number) => Promise<unknown>): Load {
  let isOver = false;
  let next = 0;
  let finished = Promise.withResolvers<void>();
  const all = Array.from({ length: callers }, async () => {
    while (!isOver) {
      await work(next++);
      finished.resolve();
      finished = Promise.withResolvers();
    }
  });
  const ended = Promise.all(all);
  // until() and stop() report a failure; before that it must not count as unhandled.
  ended.catch(() => {});
  return {
    async until(isReached) {
      while (!isReached()) await Promise.race([finished.promise, ended]);
    },
    async stop() {
      isOver = true;
      await Promise.allSettled(all);
      await ended;
    },
  };
}

/** Repeats work like `repeat`, with a pause after each call. `stop` gives the durations, in ms. */
export function repeatTimed(
  callers: number,
  work: (n: number) => Promise<unknown>,
  pauseMs: number,
): { stop(): Promise<number[]> } {
  const durations: number[] = [];
  const load = repeat(callers, async (n) => {
    const startedAt = performance.now();
    await work(n);
    durations.push(performance.now() - startedAt);
    await Bun.sleep(pauseMs);
  });
  return { stop: () => load.stop().then(() => durations) };
}
