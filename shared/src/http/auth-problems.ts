// The problems of requests without a valid token, or without the right that they need (RFC 6750, 3).
import type { AuthOutcome } from "../core/caller.ts";
import { retryAfterOneSecond } from "./common-problems.ts";
import { HttpProblem } from "./problem.ts";

/** Why a token is refused with `invalid-token`, in words that a response may have. */
const invalidTokens = {
  malformed: "The token is no signed JWT with the claims that it needs",
  expired: "The token has expired",
  "not-yet-valid": "The token is not valid yet",
  "wrong-issuer": "The token is from another issuer",
  "wrong-audience": "The token is for another audience",
  "wrong-subject": "The token is of another subject",
  "bad-signature": "The signature of the token does not fit",
  "unknown-key": "The issuer has no such key",
  "bad-algorithm": "The token is signed with an algorithm that is not accepted",
} satisfies Partial<Record<AuthOutcome, string>>;

/** An outcome that is `invalid-token`. */
type InvalidToken = keyof typeof invalidTokens;

/** The value of `WWW-Authenticate`, which a 401 needs (RFC 9110, 11.6.1). */
function challenge(realm: string, parameters: Readonly<Record<string, string>> = {}) {
  const all = Object.entries({ realm, ...parameters });
  return {
    "www-authenticate": `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(", ")}`,
  };
}

function invalidToken(realm: string, reason: InvalidToken) {
  const detail = invalidTokens[reason];
  return new HttpProblem(401, "invalid-token", detail, {
    headers: challenge(realm, { error: "invalid_token", error_description: detail }),
    logReason: reason,
  });
}

/** The caller's token has none of the scopes, of which it needs one. */
export function insufficientScope(realm: string, scopes: readonly string[]) {
  const scope = scopes.join(" ");
  return new HttpProblem(403, "insufficient-scope", `The token lacks the scope ${scope}`, {
    headers: challenge(realm, { error: "insufficient_scope", scope }),
    logReason: "insufficient-scope" satisfies AuthOutcome,
  });
}

/** A person asks for what only programs may do, or another user for itself. */
export const forbidden = new HttpProblem(
  403,
  "forbidden",
  "A person may not do this, or not for another user",
);

/**
 * The problems of a request before its body is read, each made once.
 *
 * @param realm the name of the service
 */
export function authProblems(realm: string) {
  // The type of Object.entries does not keep the keys.
  const reasons = Object.keys(invalidTokens) as InvalidToken[];
  const byReason = reasons.map((reason) => [reason, invalidToken(realm, reason)] as const);
  return {
    /** There is no token. A client that sent none is told of no error (RFC 6750, 3.1). */
    missing: new HttpProblem(401, "unauthenticated", "A token is needed: Authorization: Bearer", {
      headers: challenge(realm),
      logReason: "missing",
    }),
    /** There are several Authorization fields, or one with another scheme. */
    invalidRequest: new HttpProblem(
      400,
      "invalid-request",
      "Authorization must be there once, as Bearer and a token",
      { headers: challenge(realm, { error: "invalid_request" }), logReason: "malformed" },
    ),
    /** The keys of the issuer are not known, so that no token can be verified. */
    noKeys: new HttpProblem(
      503,
      "identity-provider-unavailable",
      "The keys of the token's issuer cannot be had at present",
      { headers: retryAfterOneSecond, logReason: "no-keys" },
    ),
    // The type of Object.fromEntries does not keep the keys.
    invalid: Object.fromEntries(byReason) as Readonly<
      Record<InvalidToken, HttpProblem<401, "invalid-token">>
    >,
  };
}
