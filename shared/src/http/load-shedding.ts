// Overload protection: how many requests are answered at once, and how fast the others are refused.

/** A request, as far as it is let in or not. */
export interface Admitted {
  isAdmitted: boolean;
}

/** The door of a service. */
export interface ConcurrencyLimiter {
  /** Requests that are being answered now. */
  readonly inFlight: number;
  /** Lets a request in if there is room. */
  acquire(request: Admitted): boolean;
  /** Makes room again, if this request had any. */
  release(request: Admitted): void;
  /** Resolves when a request that was not let in may be told so. */
  paceRejection(): Promise<void> | undefined;
}

/** Refusals are sent at once, up to this many in each tick: 1,000 a second take 2 % of a core. */
const tickMs = 10;
const refusalsPerTick = 10;

/** No refusal waits much longer. */
const mostTicks = 100;

/**
 * Makes the door. Who is refused and comes back at once can take all of a processor by it: past a rate
 * that nobody meets who heeds `Retry-After`, refusals are held back, and the clients with them.
 *
 * @param maxInFlight how many are let in
 */
export function concurrencyLimiter(maxInFlight: number): ConcurrencyLimiter {
  let inFlight = 0;
  let refusedInTick = 0;
  let ticking: Timer | undefined;
  const waiting: (() => void)[] = [];

  function tick(): void {
    const share = Math.max(refusalsPerTick, Math.ceil(waiting.length / mostTicks));
    const next = waiting.splice(0, share);
    for (const proceed of next) proceed();
    refusedInTick = next.length;
    if (refusedInTick > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  }

  return {
    get inFlight() {
      return inFlight;
    },
    acquire(request) {
      if (inFlight >= maxInFlight) return false;
      inFlight += 1;
      request.isAdmitted = true;
      return true;
    },
    release(request) {
      if (request.isAdmitted) inFlight -= 1;
      request.isAdmitted = false;
    },
    paceRejection() {
      ticking ??= setInterval(tick, tickMs);
      if (waiting.length === 0 && refusedInTick < refusalsPerTick) {
        refusedInTick += 1;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
