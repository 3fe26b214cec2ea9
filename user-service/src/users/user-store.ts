// What the service asks of its storage, whichever engine is behind it.
import type { CreationRange } from "@platform/shared/core/id-range";
import type { Page } from "@platform/shared/core/page";
import type { Precondition } from "@platform/shared/core/precondition";
import type { Claim, IdempotencyKeys } from "@platform/shared/idempotency/claim";
import type { NewUser, User, UserChange } from "./user.ts";

/** A position in every order of the list of users. */
export type UserPosition = Pick<User, "name" | "id">;

/** The position of a user, without the rest of its row: a cursor holds nothing else of it. */
export const positionOf = ({ name, id }: UserPosition): UserPosition => ({ name, id });

/**
 * The orders of the list: `name` is by name in code point order, then by id; `created_at` is by
 * creation time, then by id. A minus means the exact reverse.
 */
export const userSorts = ["name", "-name", "created_at", "-created_at"] as const;

export type UserSort = (typeof userSorts)[number];

/** Which users a page of the list has. */
export interface UserQuery extends CreationRange {
  /** Only the user with this address; upper and lower case make no difference. */
  readonly email?: string | undefined;
  /** Only users with one of these identifiers, in lower case. */
  readonly ids?: readonly string[] | undefined;
  readonly sort: UserSort;
  /** Only users behind this position (exclusive), whose own user may be gone by now. */
  readonly after?: UserPosition | undefined;
  /** The most users in the page. */
  readonly limit: number;
}

/**
 * Stored users, and the idempotency keys of the requests that created them. Every method rejects with
 * StorageUnavailable while the storage is in trouble.
 */
export interface UserStore extends IdempotencyKeys<User> {
  /**
   * Stores a new user and, in the same transaction, that it completes the claim.
   *
   * @throws EmailTaken, ClaimLost
   */
  create(user: NewUser, claim?: Claim): Promise<User>;
  /** The user with an id in lower case; undefined if there is none. */
  find(id: string): Promise<User | undefined>;
  /** A page may end before its limit, even without a user, although more follow. */
  list(query: UserQuery): Promise<Page<User, UserPosition>>;
  /**
   * Changes a user. A change that makes no difference is not stored: `updated_at` stays.
   *
   * @throws UserNotFound, PreconditionFailed, EmailTaken
   */
  update(id: string, change: UserChange, precondition: Precondition): Promise<User>;
  /**
   * Deletes a user and, in the same transaction, what its idempotency key keeps of it: the key's
   * result is `deleted` from then on.
   *
   * @throws UserNotFound, PreconditionFailed
   */
  remove(id: string, precondition: Precondition): Promise<void>;
}
