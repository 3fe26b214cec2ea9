// Finds an upstream whose name has got another address.
import {
  isIpAddress,
  lookUpByLibc,
  spacedLookUps,
  type LookUp,
} from "@platform/shared/core/look-up";
import type { Fetch } from "./bounded-fetch.ts";

/** A fetch that follows an upstream from address to address. */
export interface UpstreamAddress {
  readonly fetch: Fetch;
  /** Makes the next fetches go to an address that is looked up anew: the last one may have moved. */
  doubt(): void;
  /** Whether calls have failed, and the name now has an address that none of them has tried. */
  hasUntriedAddress(): Promise<boolean>;
}

/** A second longer than Bun keeps an address: after that Bun looks the name up itself. */
const doubtMs = 31_000;

/** After this, in ms, a call goes to the address known before: a slow resolver does not hold it up. */
const maxLookUpWaitMs = 250;

// A name has a few addresses. The bound is for a name server that gives another one at each look-up.
const maxTried = 100;

/**
 * Fetches from an upstream by its name, as Bun does, and by the addresses that it looks up itself for
 * 31 s after each {@link UpstreamAddress.doubt}. `Host` and the name in the TLS handshake stay the same.
 *
 * @param url the origin of the upstream; one with an IP address is never looked up
 * @param now monotonic ms
 */
export function upstreamAddress(
  url: string,
  fetch: Fetch,
  {
    lookUp = lookUpByLibc,
    now = () => performance.now(),
  }: { lookUp?: LookUp; now?(): number } = {},
): UpstreamAddress {
  const { origin, protocol, host, hostname, port } = new URL(url);
  const isName = !isIpAddress(hostname);
  const tls = protocol === "https:" ? { tls: { serverName: hostname } } : {};
  /** In the order of their last use. */
  const tried = new Set<string>();
  let doubtedUntil = -Infinity;
  let found: readonly string[] = [];
  let current: string | undefined;

  const lookUps = spacedLookUps(async () => {
    found = await lookUp(hostname);
  }, now);

  /** The address in use, or one that was not tried yet, or the one that was tried longest ago. */
  function choose(): string | undefined {
    if (current !== undefined && found.includes(current)) return current;
    current =
      found.find((address) => !tried.has(address)) ??
      tried.values().find((address) => found.includes(address));
    if (current === undefined) return undefined;
    if (tried.size >= maxTried) tried.clear();
    tried.delete(current);
    tried.add(current);
    return current;
  }

  return {
    async fetch(input, init) {
      if (now() >= doubtedUntil || typeof input !== "string") return fetch(input, init);
      const { underWay } = lookUps;
      if (underWay) await Promise.race([underWay, Bun.sleep(maxLookUpWaitMs)]);
      init?.signal?.throwIfAborted();
      const address = choose();
      if (address === undefined) return fetch(input, init);
      const authority = port === "" ? address : `${address}:${port}`;
      const headers = new Headers(init?.headers);
      headers.set("host", host);
      const path = input.slice(origin.length);
      return fetch(`${protocol}//${authority}${path}`, { ...init, ...tls, headers });
    },
    doubt() {
      if (!isName) return;
      // Since the last doubt Bun has looked the name up itself: earlier failures say nothing any more.
      if (now() >= doubtedUntil) tried.clear();
      doubtedUntil = now() + doubtMs;
      current = undefined;
      void lookUps.again();
    },
    async hasUntriedAddress() {
      if (now() >= doubtedUntil) return false;
      void lookUps.again();
      await lookUps.underWay;
      return found.some((address) => !tried.has(address));
    },
  };
}
