// The addresses of a host name. Bun keeps those of a name for 30 s, also after a connection to them has
// failed, and has no call that makes Bun forget them.

/** Resolves with the addresses that a name has now; with none if it has none or that is unknown. */
export type LookUp = (hostname: string) => Promise<readonly string[]>;

/** Asks the C library, as Bun does, but without Bun's cache. IPv6 addresses come in brackets. */
export async function lookUpByLibc(hostname: string): Promise<readonly string[]> {
  try {
    const found = await Bun.dns.lookup(hostname, { backend: "libc" });
    return found.map(({ address, family }) => (family === 6 ? `[${address}]` : address));
  } catch {
    return [];
  }
}

const ipAddress = /^\[|^[\d.]+$/;

/** Whether the host of a URL is an IP address, which needs no look-up. */
export function isIpAddress(host: string): boolean {
  return ipAddress.test(host);
}

/** Look-ups of one name. */
export interface LookUps<Result> {
  /** The look-up that is under way. */
  readonly underWay: Promise<Result> | undefined;
  /**
   * Looks up now, or 100 ms after the last look-up began: the name may have got another address just
   * after that one.
   *
   * @returns the result; that of the look-up under way if there is one
   */
  again(): Promise<Result>;
}

/**
 * Failures that follow one another faster share a look-up. Shorter than the pauses before the last
 * attempt of a call, so that this attempt knows an address that the name got just after a look-up.
 */
const minLookUpIntervalMs = 100;

/**
 * Makes look-ups of which one is under way at most, however often they are asked for.
 *
 * @param lookUp must not reject
 * @param now monotonic ms
 */
export function spacedLookUps<Result>(
  lookUp: () => Promise<Result>,
  now: () => number,
): LookUps<Result> {
  let startedAt = -Infinity;
  let underWay: Promise<Result> | undefined;
  let next: PromiseWithResolvers<Result> | undefined;
  let timer: NodeJS.Timeout | undefined;

  function start(): Promise<Result> {
    clearTimeout(timer);
    startedAt = now();
    underWay = lookUp().finally(() => (underWay = undefined));
    next?.resolve(underWay);
    next = undefined;
    return underWay;
  }

  return {
    get underWay() {
      return underWay;
    },
    again() {
      if (underWay !== undefined) return underWay;
      const waitMs = startedAt + minLookUpIntervalMs - now();
      if (waitMs <= 0) return start();
      if (next === undefined) {
        next = Promise.withResolvers();
        timer = setTimeout(() => void start(), waitMs);
      }
      return next.promise;
    },
  };
}
