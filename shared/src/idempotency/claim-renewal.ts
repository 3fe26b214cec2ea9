// Keeps the claims of requests in progress from lapsing.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Claim } from "./claim.ts";

/**
 * Renews all started claims together, every `intervalMs`. The store starts a claim when it grants it,
 * and stops it when the request's result is stored or its claim is released. There is a timer only
 * in between, and it does not keep the process alive: the claims of a process that ends lapse by
 * themselves, so there is nothing to close.
 *
 * @param renew a rejection is ignored: the next renewal makes up for it, or the creation finds that the
 * claim has lapsed
 */
export function claimRenewal(
  renew: (claims: readonly Claim[]) => Promise<void>,
  intervalMs: number,
) {
  // A timer runs in the context of the request that sets it, and this one works for all of them.
  const outsideOfRequests = AsyncLocalStorage.snapshot();
  const started = new Map<string, Claim>();
  let timer: Timer | undefined;
  const renewAll = () => void renew([...started.values()]).catch(() => undefined);
  return {
    start(claim: Claim): void {
      started.set(claim.token, claim);
      timer ??= outsideOfRequests(() => setInterval(renewAll, intervalMs).unref());
    },
    /** Does nothing if the claim was not started, or was stopped already. */
    stop({ token }: Claim): void {
      started.delete(token);
      if (started.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
