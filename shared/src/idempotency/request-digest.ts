// Recognises the repeats of a request without keeping anything that the request says.
import { hmacSha256 } from "../core/hmac.ts";
import type { Storage } from "../core/storage.ts";

/** JSON.stringify asks it for every value. Sorts the members of objects: clients choose their order. */
function sortMembers(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Makes the fingerprints of requests that create one kind of resource: HMAC-SHA-256 (RFC 2104) in
 * hexadecimal, under a secret of the storage. A plain digest of a name and an address could be
 * found by trying names and addresses.
 *
 * @param resource tells the creating routes of a service apart; a new name would refuse the repeats of
 * every request that is a day old or younger
 * @returns its parameter is the validated and normalised body. It throws StorageUnavailable if the
 * storage was not reached since the process started
 */
export function requestDigest(
  { secret }: Pick<Storage, "secret">,
  resource: string,
): (body: object) => string {
  return (body) =>
    hmacSha256(secret("request-digest"), JSON.stringify([resource, body], sortMembers), "hex");
}
