// A bound on how much is done at once, for work that may wait for its turn, but not for ever.

/** Places for work; who takes one gives it back. */
export interface Slots {
  /** Waits for a place. @returns whether there was one in time */
  take(ms: number): Promise<boolean>;
  give(): void;
}

/** Makes places; who has waited longest is next. */
export function slots(count: number): Slots {
  const waiting = new Set<() => void>();
  let free = count;
  return {
    take(ms) {
      if (free > 0) {
        free -= 1;
        return Promise.resolve(true);
      }
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => {
        waiting.delete(proceed);
        resolve(false);
      }, ms);
      const proceed = () => {
        clearTimeout(timer);
        resolve(true);
      };
      waiting.add(proceed);
      return promise;
    },
    give() {
      const [next] = waiting;
      if (next === undefined) {
        free += 1;
        return;
      }
      waiting.delete(next);
      next();
    },
  };
}
