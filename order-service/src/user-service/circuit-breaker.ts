// Stops calling user-service for a while after it failed several times in a row.

const failureThreshold = 5;
const resetTimeoutMs = 5000;

/** `closed`: calls are made. `open`: none is. `half-open`: one probe is in flight, and no other call. */
export type CircuitState = "closed" | "half-open" | "open";

/**
 * Guards a call by a circuit that opens after 5 failures in a row. The first call after 5 s is a probe:
 * if it succeeds the circuit closes, otherwise it stays open for another 5 s. A call that rejects is
 * a failure.
 *
 * @param now monotonic milliseconds: a system clock that is set back would keep the circuit open
 */
export function circuitBreaker<A extends unknown[], T extends { readonly isFailure: boolean }>(
  call: (...parameters: A) => Promise<T>,
  now = () => performance.now(),
) {
  let state: CircuitState = "closed";
  let stateChanges = 0;
  let failuresInRow = 0;
  let openedAt = 0;

  function enter(next: CircuitState): void {
    state = next;
    stateChanges += 1;
    failuresInRow = 0;
    if (next === "open") openedAt = now();
  }

  return {
    get state(): CircuitState {
      return state;
    },
    /** Makes the next call a probe if the circuit is open, without the rest of the 5 s. */
    allowProbe(): void {
      openedAt = -Infinity;
    },
    /** The result of the call, which rejects as the call does; `circuit-open` if it was not made. */
    async call(...parameters: A): Promise<T | "circuit-open"> {
      if (state === "half-open") return "circuit-open";
      const isProbe = state === "open";
      if (isProbe) {
        if (now() - openedAt < resetTimeoutMs) return "circuit-open";
        enter("half-open");
      }
      const stateChangesBefore = stateChanges;
      let hasFailed = true;
      try {
        const result = await call(...parameters);
        hasFailed = result.isFailure;
        return result;
      } finally {
        // A call from before the last change of state says nothing about user-service since then.
        if (stateChanges === stateChangesBefore) {
          failuresInRow = hasFailed ? failuresInRow + 1 : 0;
          if (isProbe) enter(hasFailed ? "open" : "closed");
          else if (failuresInRow === failureThreshold) enter("open");
        }
      }
    },
  };
}
