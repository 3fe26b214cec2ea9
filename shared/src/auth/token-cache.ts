// Callers by the text of their tokens, so that a token is verified once a minute and not once a request:
// a signature takes longer to verify than most requests take.
import type { Caller } from "../core/caller.ts";
import type { Arrival } from "../telemetry/request-context.ts";

/** Verified tokens. */
export type TokenCache = ReturnType<typeof tokenCache>;

interface Entry {
  readonly caller: Caller;
  /** Monotonic ms. */
  readonly keptUntil: number;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
}

interface TokenCacheOptions {
  /** Default: 10,000. */
  readonly maxTokens?: number;
  /** UTF-16 code units of all tokens together. Default: 16 Mi. */
  readonly maxLength?: number;
}

const maxAgeMs = 60_000;

/** Makes a cache. A token is in it for at most 60 s, and never longer than it is valid. */
export function tokenCache({
  maxTokens = 10_000,
  maxLength = 16 * 1024 * 1024,
}: TokenCacheOptions = {}) {
  const entries = new Map<string, Entry>();
  let length = 0;

  function drop(token: string): void {
    if (entries.delete(token)) length -= token.length;
  }

  return {
    /** The caller whose token this is; undefined if the token of this request is to be verified. */
    find(token: string, { startedAt, startedAtUnixMs }: Arrival): Caller | undefined {
      const entry = entries.get(token);
      if (entry === undefined) return undefined;
      if (startedAt < entry.keptUntil && startedAtUnixMs < entry.validUntil) return entry.caller;
      drop(token);
      return undefined;
    },
    /**
     * Keeps a verified token.
     *
     * @param now monotonic ms
     * @param validUntil milliseconds since 1970
     */
    add(token: string, caller: Caller, now: number, validUntil: number): void {
      drop(token);
      entries.set(token, { caller, keptUntil: now + maxAgeMs, validUntil });
      length += token.length;
      for (const oldest of entries.keys()) {
        if (entries.size <= maxTokens && length <= maxLength) break;
        drop(oldest);
      }
    },
    /** Forgets all tokens: the keys that verified them have changed. */
    clear(): void {
      entries.clear();
      length = 0;
    },
  };
}
