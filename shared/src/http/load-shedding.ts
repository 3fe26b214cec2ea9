// Load shedding: how many requests are served at once, and how fast the others are rejected.

/** Whether a request is in flight; a limiter sets it. */
export interface Admission {
  isAdmitted: boolean;
}

/** Counts requests in flight and decides which are admitted. */
export type ConcurrencyLimiter = ReturnType<typeof concurrencyLimiter>;

/** Rejections that may be sent at once in each tick: 1,000 a second take 2 % of a core. */
const maxRejectionsPerTick = 10;
const tickMs = 10;

/** The most ticks that a rejection waits, unless more arrive behind it. */
const maxWaitTicks = 100;

/**
 * Limits concurrent requests. Above 1,000 rejections a second the 503s themselves are delayed: clients
 * that ignore `Retry-After` would otherwise use a whole core.
 *
 * @param maxInFlight requests admitted at once
 */
export function concurrencyLimiter(maxInFlight: number) {
  let inFlight = 0;
  let rejectedInTick = 0;
  let ticking: Timer | undefined;
  const waiting: (() => void)[] = [];

  function tick(): void {
    const share = Math.max(maxRejectionsPerTick, Math.ceil(waiting.length / maxWaitTicks));
    const next = waiting.splice(0, share);
    for (const proceed of next) proceed();
    rejectedInTick = next.length;
    if (rejectedInTick > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  }

  return {
    /** Admitted requests that were not released yet. */
    get inFlight(): number {
      return inFlight;
    },
    /** Admits a request if fewer than the maximum are in flight. */
    acquire(request: Admission): boolean {
      if (inFlight >= maxInFlight) return false;
      inFlight += 1;
      request.isAdmitted = true;
      return true;
    },
    /** Ends the admission of a request. Harmless for a request that is not admitted. */
    release(request: Admission): void {
      if (request.isAdmitted) inFlight -= 1;
      request.isAdmitted = false;
    },
    /**
     * Resolves when the next rejection may be sent; undefined if it may be sent at once.
     *
     * @param request its body is discarded if the rejection waits: Bun would buffer a MiB or more of each.
     * Left out: the body was read
     */
    paceRejection(request?: Pick<Request, "body">): Promise<void> | undefined {
      ticking ??= setInterval(tick, tickMs);
      if (waiting.length === 0 && rejectedInTick < maxRejectionsPerTick) {
        rejectedInTick += 1;
        return undefined;
      }
      // An unhandled rejection would end the service.
      request?.body?.cancel().catch(() => undefined);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
