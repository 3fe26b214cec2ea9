// Keeps the keys of an issuer fresh. jose's own createRemoteJWKSet would refuse good tokens as soon as its
// set is old and the provider is away, and would fetch once for each forged key id.
import type { BackgroundJob } from "../core/background-job.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { parseKeySet, type KeySet } from "./key-set.ts";
import type { KeySource } from "./key-source.ts";

/** The keys of one issuer. */
export interface IssuerKeys {
  /** Whether there is a set that may be used. */
  hasKeys(): boolean;
  /**
   * The set for a token with this key id, at once if it has the key. Otherwise it waits for a fetch, as
   * far as fetches are allowed.
   *
   * @param keyId undefined: any set does
   * @returns `unknown-key`: the set does not have the key; `no-keys`: there is no set
   */
  setFor(keyId: string | undefined): KeySet | Promise<KeySet | "unknown-key" | "no-keys">;
  /** Reads the set anew when it is due. */
  readonly job: BackgroundJob;
}

interface IssuerKeysOptions {
  readonly source: KeySource;
  /** Called when the set differs from the one before: what was verified by that one is in doubt. */
  changed(set: KeySet): void;
  /** Called when no set could be read. @param hasKeys whether an earlier set still serves */
  failed(error: unknown, hasKeys: boolean): void;
  /** Called when a set could be read after a failure. */
  recovered(): void;
  /** Monotonic ms. */
  readonly now?: () => number;
}

/** How long the last good set serves without a newer one, in ms. */
const maxServedMs = 24 * 60 * 60 * 1000;

/** Interval of the checks whether a fetch is due, in ms. */
const checkIntervalMs = 5000;

/** How long one fetch may take, in ms. */
const maxReadMs = 3000;

/** Between the starts of two fetches while there are no keys, in ms. */
const minPauseMs = 1000;

/** Fetches for unknown key ids in {@link unknownWindowMs}. */
const maxUnknownFetches = 2;
const unknownWindowMs = 30_000;

/** Requests that wait for a fetch at once: requests with forged key ids must not fill the service. */
const maxWaiting = 100;

/** Makes the keys of an issuer. The first fetch is the first run of its job. */
export function issuerKeys({
  source,
  changed,
  failed,
  recovered,
  now = () => performance.now(),
}: IssuerKeysOptions): IssuerKeys {
  let latest: { readonly set: KeySet; readonly bytes: Uint8Array } | undefined;
  /** When the fetch began that confirmed the set. */
  let confirmedAt = -Infinity;
  /** When the last fetch began. */
  let readAt = -Infinity;
  let hasFailed = false;
  let reading: Promise<void> | undefined;
  let waiting = 0;
  const unknownReads: number[] = [];

  const current = (): KeySet | undefined =>
    now() - confirmedAt < maxServedMs ? latest?.set : undefined;

  async function readOnce(stop?: AbortSignal): Promise<void> {
    const startedAt = (readAt = now());
    const deadline = new AbortController();
    const abort = () => deadline.abort();
    stop?.addEventListener("abort", abort, { once: true });
    try {
      // The source is not trusted to heed its signal.
      const late = () => new Error(`No key set arrived within ${maxReadMs} ms`);
      const bytes = await withTimeout(source.read(deadline.signal), maxReadMs, late);
      if (latest === undefined || Buffer.compare(bytes, latest.bytes) !== 0) {
        const set = await parseKeySet(bytes);
        const isNew = set.fingerprint !== latest?.set.fingerprint;
        latest = { set: isNew || latest === undefined ? set : latest.set, bytes };
        if (isNew) changed(set);
      }
      confirmedAt = startedAt;
      if (hasFailed) recovered();
      hasFailed = false;
    } catch (error) {
      hasFailed = true;
      if (stop?.aborted !== true) failed(error, current() !== undefined);
    } finally {
      stop?.removeEventListener("abort", abort);
      deadline.abort();
    }
  }

  /** Reads the set, or joins the fetch that is under way. */
  function read(stop?: AbortSignal): Promise<void> {
    reading ??= readOnce(stop).finally(() => (reading = undefined));
    return reading;
  }

  /** Whether a request may start a fetch now, which then counts. */
  function mayReadForRequest(): boolean {
    const time = now();
    if (current() === undefined) return time - readAt >= minPauseMs;
    while (time - (unknownReads[0] ?? time) >= unknownWindowMs) unknownReads.shift();
    if (unknownReads.length >= maxUnknownFetches) return false;
    unknownReads.push(time);
    return true;
  }

  function find(keyId: string | undefined): KeySet | "unknown-key" | "no-keys" {
    const set = current();
    if (set === undefined) return "no-keys";
    return keyId === undefined || set.keyIds.has(keyId) ? set : "unknown-key";
  }

  async function findAfterReading(keyId: string | undefined) {
    if (waiting >= maxWaiting) return find(keyId);
    waiting += 1;
    try {
      if (reading !== undefined) {
        await reading;
        // The client repeats a request that was told "no-keys": it need not wait for as long again.
        if (hasFailed && current() === undefined) return "no-keys";
      }
      // The fetch under way may have begun, and failed, before the provider published the key.
      if (typeof find(keyId) === "string" && (reading !== undefined || mayReadForRequest())) {
        await read();
      }
      return find(keyId);
    } finally {
      waiting -= 1;
    }
  }

  return {
    hasKeys: () => current() !== undefined,
    setFor(keyId) {
      const found = find(keyId);
      return typeof found === "string" ? findAfterReading(keyId) : found;
    },
    job: {
      intervalMs: checkIntervalMs,
      async run(stop) {
        const isDue =
          current() === undefined
            ? now() - readAt >= minPauseMs
            : hasFailed || now() - confirmedAt >= source.maxAgeMs;
        if (isDue) await read(stop);
      },
    },
  };
}
