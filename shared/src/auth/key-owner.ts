// Whose idempotency key is whose: two callers may choose the same one.
import { hmacSha256 } from "../core/hmac.ts";
import type { Storage } from "../core/storage.ts";
import { enforcedCaller } from "./permissions.ts";

/**
 * Makes a function that tells the callers of requests apart: HMAC-SHA-256 under a secret of the storage,
 * so that a copy of the database names no caller. It returns undefined where authentication is off or
 * only observes.
 */
export function keyOwner({ secret }: Pick<Storage, "secret">): () => string | undefined {
  return () => {
    const caller = enforcedCaller();
    if (caller === undefined) return undefined;
    return hmacSha256(secret("request-digest"), `caller\0${caller.identity}`, "base64url");
  };
}
