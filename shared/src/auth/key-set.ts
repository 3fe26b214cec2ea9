// The keys of an issuer, from the JSON Web Key Set (RFC 7517) that it publishes.
import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey } from "jose";
import { isTooDeep, parseJson } from "../core/json.ts";

/** The algorithms of signatures that are accepted: each with a public key, so that no service has a secret. */
export const algorithms = ["RS256", "PS256", "ES256", "EdDSA"];

/** Keys by which signatures are verified. */
export interface KeySet {
  /** The same for equal sets, and only for those. */
  readonly fingerprint: string;
  readonly keyIds: ReadonlySet<string>;
  /**
   * The key for the header of a token, for jose. Rejects if none fits, or if several do and the header
   * does not say which.
   */
  readonly keyFor: JWTVerifyGetKey;
}

/** Thrown for what is no key set, or has no key that can be used. Its message has nothing of the set. */
class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/** The members of a key that are read. Certificates and addresses of certificates are not. */
const members = ["kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y"] as const;

/** Keys of one set, in or out of use. To read thousands of them would hold all requests up. */
const maxKeys = 256;

/** NIST SP 800-57: shorter ones have less than 112 bits of security. */
const minRsaBits = 2048;

function rsaBits(modulus: string): number {
  const bytes = Buffer.from(modulus, "base64url");
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24;
}

/** An algorithm of the key's type; undefined if signatures of that type are not accepted. */
function algorithmOf({ kty, crv, n }: JWK): string | undefined {
  if (kty === "RSA") return typeof n === "string" && rsaBits(n) >= minRsaBits ? "RS256" : undefined;
  if (kty === "EC" && crv === "P-256") return "ES256";
  return kty === "OKP" && crv === "Ed25519" ? "EdDSA" : undefined;
}

/** A key without what is not read; undefined if no signature can be verified with it. */
async function usableKey(value: unknown): Promise<JWK | undefined> {
  if (typeof value !== "object" || value === null) return undefined;
  // A private or symmetric key in a published set is nothing to trust.
  if ("d" in value || "k" in value) return undefined;
  const read = members.flatMap((name) => {
    const member = Object.getOwnPropertyDescriptor(value, name)?.value as unknown;
    return member === undefined ? [] : [[name, member] as const];
  });
  // jose checks the members that it reads.
  const key = Object.fromEntries(read) as JWK;
  const { alg = algorithmOf(key), use = "sig", key_ops: operations = ["verify"], kid = "" } = key;
  if (algorithmOf(key) === undefined || alg === undefined || !algorithms.includes(alg)) {
    return undefined;
  }
  const isForSignatures = use === "sig" && Array.isArray(operations);
  if (!isForSignatures || !operations.includes("verify") || typeof kid !== "string") {
    return undefined;
  }
  try {
    await importJWK(key, alg);
    return key;
  } catch {
    return undefined;
  }
}

/** The value in the JSON of a set; undefined if it is not JSON, or nested too deeply. */
function parseSet(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes)) return undefined;
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

/** Parses a published set. Keys that cannot be used are left out. @throws {KeySetError} */
export async function parseKeySet(bytes: Uint8Array): Promise<KeySet> {
  const set = parseSet(bytes);
  const hasKeys = typeof set === "object" && set !== null && "keys" in set;
  if (!hasKeys || !Array.isArray(set.keys)) throw new KeySetError("It is no JSON Web Key Set");
  if (set.keys.length > maxKeys) throw new KeySetError(`The set has more than ${maxKeys} keys`);
  const keys: JWK[] = [];
  for (const value of set.keys) {
    const key = await usableKey(value);
    if (key !== undefined) keys.push(key);
  }
  if (keys.length === 0) throw new KeySetError("The set has no key that can be used");
  return {
    // The order of the keys has no meaning (RFC 7517, 5).
    fingerprint: keys
      .map((key) => JSON.stringify(key))
      .sort()
      .join(),
    keyIds: new Set(keys.flatMap(({ kid }) => kid ?? [])),
    keyFor: createLocalJWKSet({ keys }),
  };
}
