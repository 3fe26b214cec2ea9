// Finds the caller of a request by its Authorization field.
import type { Caller } from "../core/caller.ts";
import type { Arrival } from "../telemetry/request-context.ts";
import type { TokenCache } from "./token-cache.ts";
import { verifyToken, type TokenError, type TrustedIssuer } from "./verify-token.ts";

/** Why a request has no caller; `invalid-request`: its Authorization is not one Bearer token. */
export type AuthFailure = TokenError | "missing" | "invalid-request";

/** Finds callers. */
export interface Authenticator {
  /** The caller of a request with this Authorization field, if its token was verified lately. */
  recognize(field: string | null, arrival: Arrival): Caller | undefined;
  /**
   * The caller of a request with this Authorization field, or why it has none. A promise only where the
   * token has to be verified; it never rejects.
   */
  authenticate(
    field: string | null,
    arrival: Arrival,
  ): Caller | AuthFailure | Promise<Caller | AuthFailure>;
  /** Forgets all verified tokens: keys have changed. */
  forget(): void;
}

interface AuthenticatorOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** What `aud` must contain. */
  readonly audience: string;
  readonly cache: TokenCache;
}

// RFC 9110, 11.1: the name of a scheme has no case. Several fields arrive as one, joined by a comma, which
// no token has.
const bearer = /^bearer(?: +([^ ,]*))?$/i;

/** Makes an authenticator. */
export function authenticator({ issuers, audience, cache }: AuthenticatorOptions): Authenticator {
  /** How often keys have changed. */
  let generation = 0;

  async function verify(
    field: string,
    token: string,
    { startedAt, startedAtUnixMs }: Arrival,
  ): Promise<Caller | AuthFailure> {
    const before = generation;
    const options = { issuers, audience, unixMs: startedAtUnixMs };
    const verified = await verifyToken(token, options);
    if (typeof verified === "string") {
      // Whatever is wrong with it: without keys, no service can judge a token.
      return issuers.some(({ keys }) => keys.hasKeys()) ? verified : "no-keys";
    }
    const { caller, validUntil } = verified;
    // A key that was withdrawn meanwhile must not live on here.
    if (before === generation) cache.add(field, caller, startedAt, validUntil);
    return caller;
  }

  return {
    recognize: (field, arrival) => (field === null ? undefined : cache.find(field, arrival)),
    authenticate(field, arrival) {
      if (field === null || field === "") return "missing";
      const [match, token = ""] = bearer.exec(field) ?? [];
      if (match === undefined) return "invalid-request";
      // One entry for all spellings: a client could drive the tokens of others out of the cache.
      const usual = `Bearer ${token}`;
      return cache.find(usual, arrival) ?? verify(usual, token, arrival);
    },
    forget() {
      generation += 1;
      cache.clear();
    },
  };
}
