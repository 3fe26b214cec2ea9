// What a load balancer knows of an instance: whether it was ready when it was last asked.

/** An instance that is asked again and again. */
export interface Readiness extends AsyncDisposable {
  readonly isReady: boolean;
  /** Resolves when it is, or is not, ready. */
  until(isReady: boolean): Promise<void>;
}

/** Starts asking, so often. */
export function watchReadiness(url: string, everyMs = 20): Readiness {
  let isReady = false;
  let isOver = false;
  let change = Promise.withResolvers<void>();
  const watching = (async () => {
    while (!isOver) {
      const answer = await fetch(`${url}/ready`).catch(() => undefined);
      await answer?.body?.cancel();
      if (isReady !== answer?.ok) {
        isReady = answer?.ok ?? false;
        change.resolve();
        change = Promise.withResolvers();
      }
      await Bun.sleep(everyMs);
    }
  })();
  return {
    get isReady() {
      return isReady;
    },
    async until(wanted) {
      while (isReady !== wanted) await change.promise;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };
}
