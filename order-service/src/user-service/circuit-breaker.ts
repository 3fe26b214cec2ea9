// Stops calling user-service for a while after it failed several times in a row.

const failureThreshold = 5;
const resetTimeoutMs = 5000;

/** `closed`: calls are made. `open`: none is. `half-open`: one probe is in flight, and no other call. */
export type CircuitState = "closed" | "half-open" | "open";

/** What a call says of the upstream; `inconclusive`: nothing, so that the circuit stays as it was. */
export type CallOutcome = "success" | "failure" | "inconclusive";

interface CircuitBreakerOptions<A extends unknown[], T> {
  call(...parameters: A): Promise<T>;
  outcomeOf(result: T): CallOutcome;
  /** Monotonic milliseconds: a system clock that is set back would keep the circuit open. */
  readonly now?: () => number;
}

/**
 * Guards a call by a circuit that opens after 5 failures in a row. The first call after 5 s is a probe:
 * if it succeeds the circuit closes, if it fails the circuit stays open for another 5 s, and if it is
 * inconclusive the next call is a probe. A call that rejects is a failure.
 */
export function circuitBreaker<A extends unknown[], T>({
  call,
  outcomeOf,
  now = () => performance.now(),
}: CircuitBreakerOptions<A, T>) {
  let state: CircuitState = "closed";
  let stateChanges = 0;
  let failuresInRow = 0;
  let openedAt = 0;

  function enter(next: CircuitState): void {
    state = next;
    stateChanges += 1;
    failuresInRow = 0;
  }

  function settle(outcome: CallOutcome, isProbe: boolean): void {
    if (outcome === "failure") failuresInRow += 1;
    if (outcome === "success") failuresInRow = 0;
    if (isProbe) enter(outcome === "success" ? "closed" : "open");
    else if (failuresInRow === failureThreshold) enter("open");
    if (state === "open" && outcome === "failure") openedAt = now();
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
      let outcome: CallOutcome = "failure";
      try {
        const result = await call(...parameters);
        outcome = outcomeOf(result);
        return result;
      } finally {
        // A call from before the last change of state says nothing about user-service since then.
        if (stateChanges === stateChangesBefore) settle(outcome, isProbe);
      }
    },
  };
}
