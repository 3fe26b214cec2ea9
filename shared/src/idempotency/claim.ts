// What a store of idempotency keys does, whatever it keeps them in.

/** The right of one request to store the result of a key, until it does, or releases or loses it. */
export type Claim = {
  readonly key: string;
  /** Unique among the claims on the same key. */
  readonly token: string;
};

/** How long a claim lasts without a renewal, in ms: the key of a dead process is free after this. */
export const leaseMs = 8000;

/** How often a claim is renewed: it holds although two renewals in a row fail. */
export const renewalIntervalMs = leaseMs / 4;

/** What became of an attempt to claim a key, where `T` is the stored result of a request. */
export type ClaimResult<T> =
  | { readonly outcome: "claimed"; readonly claim: Claim }
  /** Another request with the same key and fingerprint is being processed. */
  | { readonly outcome: "in-progress" }
  /** An earlier request with the same key and fingerprint stored this; it may have changed since. */
  | { readonly outcome: "completed"; readonly result: T }
  /** The key belongs to a request with another fingerprint. */
  | { readonly outcome: "reused" }
  /** An earlier request with the same key stored something that was deleted since. */
  | { readonly outcome: "deleted" };

/** Thrown where a claim has lapsed, so that another request may have used its key since. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/**
 * Idempotency keys, and the claims on them. Every method may reject with StorageUnavailable.
 *
 * A store of resources has these methods, and one that stores a new resource of type `T` and, in the
 * same transaction, that it completes a claim. That method throws ClaimLost if the claim has lapsed.
 */
export interface IdempotencyKeys<T> {
  /**
   * How long all calls of the store for one creation may take together, in ms, before its outcome counts
   * as unknown. Undefined: the bounds of the single calls suffice.
   */
  readonly maxCreationMs?: number;
  /**
   * Claims a key for a request. The claim is renewed until its result is stored or `release()` is
   * called; if the process dies, it lapses within 10 s.
   *
   * @param fingerprint the same for equal requests, and only for those
   */
  claim(key: string, fingerprint: string): Promise<ClaimResult<T>>;
  /** Gives a claim up, so that the key can be claimed at once. */
  release(claim: Claim): Promise<void>;
  /**
   * Deletes up to `max` keys that were claimed more than `ageMs` ago by the clock of the storage, which
   * all replicas share, and by the one of this process; returns how many.
   */
  forgetKeys(ageMs: number, max: number): Promise<number>;
}
