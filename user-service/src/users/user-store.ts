// What the service asks of its storage, whichever that is.
import type { Page } from "@platform/shared/core/page";
import type { Precondition } from "@platform/shared/core/precondition";
import type { NewUser, User, UserChange } from "./user.ts";

/** Where a user stands in the list of users: by name in code point order, then by id. */
export type UserKey = Pick<User, "name" | "id">;

/** A page of the list of users. */
export interface UserQuery {
  /** Only the user with this address, in whatever case. */
  readonly email: string | undefined;
  /** Only users with one of these identifiers. */
  readonly ids: readonly string[] | undefined;
  /** Only users that come after this place. */
  readonly after: UserKey | undefined;
  readonly limit: number;
}

/** Users, kept. Every method may reject with StorageUnavailable. */
export interface UserStore {
  /** Stores a new user. @throws EmailTaken */
  create(user: NewUser): Promise<User>;
  find(id: string): Promise<User | undefined>;
  list(page: UserQuery): Promise<Page<User>>;
  /** Changes a user; without a difference nothing is stored. @throws UserNotFound, PreconditionFailed, EmailTaken */
  update(id: string, change: UserChange, precondition: Precondition): Promise<User>;
  /** Deletes a user. @throws UserNotFound, PreconditionFailed */
  remove(id: string, precondition: Precondition): Promise<void>;
}
