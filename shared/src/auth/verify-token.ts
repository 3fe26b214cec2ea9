// Verifies a token: a JWT (RFC 7519) that its issuer has signed, checked as RFC 8725 advises.
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import type { AuthOutcome, Caller } from "../core/caller.ts";
import { isTooDeep } from "../core/json.ts";
import type { ToCaller } from "./caller-claims.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { algorithms, type KeySet } from "./key-set.ts";

/** Whose tokens are accepted, and what their claims mean. */
export interface TrustedIssuer {
  /** `iss` of its tokens. */
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly toCaller: ToCaller;
}

/** Why a token is not accepted. */
export type TokenError = Exclude<AuthOutcome, "ok" | "missing" | "insufficient-scope">;

/** A verified token. */
interface Verified {
  readonly caller: Caller;
  /** When it ends, skew included, in milliseconds since 1970. */
  readonly validUntil: number;
}

interface VerificationOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** What `aud` must contain. */
  readonly audience: string;
  /** At which time the token is to be valid, in ms since 1970: the arrival of its request. */
  readonly unixMs: number;
}

/** Characters of a token: further ones are noise, or an attack on the parser. */
const maxLength = 8192;

/** How far the clocks of the issuer and of this machine may differ. */
const skewSeconds = 30;

/** Header and claims, of which nothing is verified yet. */
interface Unverified {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly issuer: unknown;
}

/** The shape of a JWS (RFC 7515, 7.1). jose also takes padding and white space in the signature. */
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Whether a signature is spelt as it is encoded. Its last character has bits that stand for nothing. */
function isCanonical(signature: string): boolean {
  return Buffer.from(signature, "base64url").toString("base64url") === signature;
}

/** A forged token of 8 KiB that is nested deeply would take several times as long as one that is not. */
const isDeep = (part: string) => isTooDeep(Buffer.from(part, "base64url"));

/** Reads what says how to verify a token; undefined if it is no token. */
function readToken(token: string): Unverified | undefined {
  if (token.length > maxLength || !compactJws.test(token)) return undefined;
  const [header = "", claims = "", signature = ""] = token.split(".");
  if (isDeep(header) || isDeep(claims) || !isCanonical(signature)) return undefined;
  try {
    const { alg, kid, crit } = decodeProtectedHeader(token);
    // Extensions that a verifier must understand (RFC 7515, 4.1.11): there are none that it does.
    if (crit !== undefined || typeof alg !== "string") return undefined;
    if (kid !== undefined && typeof kid !== "string") return undefined;
    return { algorithm: alg, keyId: kid, issuer: decodeJwt(token).iss };
  } catch {
    return undefined;
  }
}

/** Why jose refused a token. @param isKnownKey whether the set has the key that the token names */
function tokenErrorOf(error: unknown, isKnownKey: boolean): TokenError {
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad-signature";
  if (error instanceof errors.JWKSNoMatchingKey)
    return isKnownKey ? "bad-algorithm" : "unknown-key";
  if (error instanceof errors.JWKSMultipleMatchingKeys) return "unknown-key";
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad-algorithm";
  if (error instanceof errors.JWTExpired) return "expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "malformed";
  if (error.claim === "aud") return "wrong-audience";
  return error.claim === "nbf" && error.reason === "check_failed" ? "not-yet-valid" : "malformed";
}

/** Whether the claims that jose found have the types that they need. */
function hasSubject(claims: JWTPayload): claims is JWTPayload & { sub: string; exp: number } {
  return typeof claims.sub === "string" && claims.sub !== "" && typeof claims.exp === "number";
}

/** Verifies a token. @returns its caller, or why it is refused; never rejects */
export async function verifyToken(
  token: string,
  { issuers, audience, unixMs }: VerificationOptions,
): Promise<Verified | TokenError> {
  const read = readToken(token);
  if (read === undefined) return "malformed";
  const { algorithm, keyId } = read;
  if (!algorithms.includes(algorithm)) return "bad-algorithm";
  const trusted = issuers.find(({ issuer }) => issuer === read.issuer);
  if (trusted === undefined) return "wrong-issuer";
  const set: KeySet | "unknown-key" | "no-keys" = await trusted.keys.setFor(keyId);
  if (typeof set === "string") return set;
  try {
    const { payload } = await jwtVerify(token, set.keyFor, {
      algorithms,
      issuer: trusted.issuer,
      audience,
      requiredClaims: ["exp", "sub"],
      clockTolerance: skewSeconds,
      currentDate: new Date(unixMs),
    });
    if (!hasSubject(payload)) return "malformed";
    const caller = trusted.toCaller(payload);
    if (typeof caller === "string") return caller;
    return { caller, validUntil: (payload.exp + skewSeconds) * 1000 };
  } catch (error) {
    return tokenErrorOf(error, keyId !== undefined);
  }
}
