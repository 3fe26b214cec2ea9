// What a load balancer knows about an instance: whether its last readiness probe succeeded.

/** An instance whose readiness is probed again and again. */
export interface Readiness extends AsyncDisposable {
  readonly isReady: boolean;
  /** Resolves when a probe finds the instance ready, or not ready. */
  until(isReady: boolean): Promise<void>;
}

/** Starts probing, with a pause of `intervalMs` between two probes. */
export function watchReadiness(url: string, intervalMs = 20): Readiness {
  let isReady = false;
  let isOver = false;
  let change = Promise.withResolvers<void>();
  const watching = (async () => {
    while (!isOver) {
      const response = await fetch(`${url}/ready`).catch(() => undefined);
      await response?.body?.cancel();
      if (isReady !== response?.ok) {
        isReady = response?.ok ?? false;
        change.resolve();
        change = Promise.withResolvers();
      }
      await Bun.sleep(intervalMs);
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
