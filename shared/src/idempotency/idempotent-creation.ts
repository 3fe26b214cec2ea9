// The Idempotency-Key of a request that creates a resource: one key creates at most one.
import type { Versioned } from "../core/precondition.ts";
import { StorageUnavailable } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { withEntityTag, type ResponseFields } from "../http/etag.ts";
import type { HttpProblem } from "../http/problem.ts";
import { ClaimLost, type Claim, type IdempotencyKeys } from "./claim.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";
import { keyInProgress, keyMalformed, keyReused } from "./key-problems.ts";

/** What the route that creates resources of one kind, `T`, needs for keys. */
interface IdempotentCreation<B, T> {
  /** The store of the resources. */
  readonly keys: IdempotencyKeys<T>;
  /**
   * The caller, in visible ASCII characters: the same key of another caller is another key. Undefined: all
   * requests have one caller.
   */
  owner(): string | undefined;
  /** The same for equal bodies, and only for those: {@link requestDigest} makes one. */
  fingerprint(body: B): string;
  /** The resource in the response to the first request, whose body was equal to `body`. */
  original(current: T, body: B): T;
  /** The response to a repeat after the resource was deleted. Left out: none is ever deleted. */
  readonly deleted?: HttpProblem;
  /**
   * After so long, in ms, the client is told that its request may have been done, while the creation
   * goes on. Left out: the bounds of the steps suffice.
   */
  readonly maxMs?: number | undefined;
}

/** The part of Elysia's `set` that the response to a creating request needs. */
interface CreationFields extends ResponseFields {
  readonly headers: { etag?: string | undefined; "idempotent-replayed"?: string | undefined };
}

/** How long a refused request waits for its key's release before its response is sent. */
const maxReleaseMs = 200;

/**
 * Makes what a creating route calls to create its resource, or to find the one that an earlier request
 * with the same key created.
 *
 * @returns creates the resource with `create`, which hands the claim to the store. Resolves with the
 * body of the response, and has put `ETag` and `Idempotent-Replayed` into the response. Throws the
 * problems of the key, and what `create` throws: the key is free again then
 */
export function idempotentCreation<B, T extends Versioned>({
  keys,
  owner,
  fingerprint,
  original,
  deleted,
  maxMs,
}: IdempotentCreation<B, T>) {
  type Create = (claim: Claim | undefined) => Promise<T>;

  async function createUnder(claim: Claim, create: Create): Promise<T> {
    try {
      return await create(claim);
    } catch (error) {
      if (error instanceof ClaimLost) throw keyInProgress;
      // Lets the client retry with the same key at once. If the release fails, the claim lapses by itself.
      const released = keys.release(claim).catch(() => undefined);
      await Promise.race([released, Bun.sleep(maxReleaseMs)]);
      throw error;
    }
  }

  async function createOrReplay(
    request: Request,
    set: CreationFields,
    body: B,
    create: Create,
  ): Promise<T> {
    const field = request.headers.get("idempotency-key");
    if (field === null) return withEntityTag(set, await create(undefined));
    const key = parseIdempotencyKey(field);
    if (key === undefined) throw keyMalformed;
    const caller = owner();
    // A key has no blank, so no key of one caller is the key of another.
    const owned = caller === undefined ? key : `${caller} ${key}`;
    const result = await keys.claim(owned, fingerprint(body));
    switch (result.outcome) {
      case "claimed":
        return withEntityTag(set, await createUnder(result.claim, create));
      case "completed":
        set.headers["idempotent-replayed"] = "true";
        return original(withEntityTag(set, result.result), body);
      case "in-progress":
        throw keyInProgress;
      case "reused":
        throw keyReused;
      case "deleted":
        throw deleted ?? new Error("The resource of an idempotency key is gone");
    }
  }

  if (maxMs === undefined) return createOrReplay;
  return (...request: Parameters<typeof createOrReplay>): Promise<T> =>
    withTimeout(createOrReplay(...request), maxMs, () => new StorageUnavailable("interrupted"));
}
