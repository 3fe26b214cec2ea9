// The circuit breaker in front of user-service: a neighbour in trouble is left alone for a while.
import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhenResult } from "cockatiel";

const failureThreshold = 5;
const resetTimeoutMs = 5000;

/** The states as `circuit_state` shows them. */
export type CircuitStateNumber = 0 | 1 | 2;

/** A circuit that calls go through, if it lets them. */
export interface Circuit<T> {
  /** 0 closed, 1 half open, 2 open. */
  readonly state: CircuitStateNumber;
  /** What the call came to; undefined if it was not made since the circuit is open. */
  run(call: () => Promise<T>): Promise<T | undefined>;
}

/**
 * Opens after 5 calls in a row with a fault; after 5 s lets one call through, and closes when that
 * has none.
 *
 * @param now monotonic milliseconds
 */
export function userCircuit<T>({
  isFault,
  now = () => performance.now(),
}: {
  isFault(result: T): boolean;
  now?: () => number;
}): Circuit<T> {
  // cockatiel times its pause by the wall clock, which can be set back by hours. Here it is ready to
  // half open at once, and the pause is ours.
  const breaker = circuitBreaker(
    handleWhenResult((result) => isFault(result as T)),
    { breaker: new ConsecutiveBreaker(failureThreshold), halfOpenAfter: -Infinity },
  );
  let openedAt = 0;
  let changes = 0;
  breaker.onBreak(() => {
    openedAt = now();
  });
  breaker.onStateChange(() => {
    changes += 1;
  });

  return {
    get state() {
      if (breaker.state === CircuitState.Closed) return 0;
      return breaker.state === CircuitState.HalfOpen ? 1 : 2;
    },
    async run(call) {
      // While one call tries the half-open circuit, others would wait for what becomes of it.
      if (breaker.state === CircuitState.HalfOpen) return undefined;
      if (breaker.state === CircuitState.Open && now() - openedAt < resetTimeoutMs)
        return undefined;
      if (breaker.state !== CircuitState.Closed) return breaker.execute(call);
      const changesBefore = changes;
      const result = await call();
      // What was asked before the circuit last changed says nothing about the time since.
      if (changes === changesBefore) await breaker.execute(() => result);
      return result;
    },
  };
}
