// What a user is, and what clients can ask of one.
import { requestObject } from "@platform/shared/schema/request-object";
import { text } from "@platform/shared/schema/text";
import { timestamp } from "@platform/shared/schema/timestamp";
import { uuid } from "@platform/shared/schema/uuid";
import { Type } from "@sinclair/typebox";
import { email } from "./email.ts";

const name = text({ minLength: 1, maxLength: 100 }, { examples: ["Alice"] });

/** A user in responses. */
export const user = Type.Object(
  { id: uuid, name, email, created_at: timestamp, updated_at: timestamp },
  { title: "User", additionalProperties: false },
);

export type User = typeof user.static;

/** The body that creates a user. */
export const newUser = requestObject({ name, email });

export type NewUser = typeof newUser.static;

/** The body that changes a user; a member that the client leaves out stays as it is. */
export const userChange = requestObject({ name: Type.Optional(name), email: Type.Optional(email) });

export type UserChange = typeof userChange.static;

/** A user as it was created from this body, before any change of it. */
export function asCreated({ id, created_at }: User, { name, email }: NewUser): User {
  return { id, name, email, created_at, updated_at: created_at };
}

/** Another user has the e-mail address; upper and lower case make no difference. */
export class EmailTaken extends Error {
  override readonly name = "EmailTaken";
}

/** No user has the id. */
export class UserNotFound extends Error {
  override readonly name = "UserNotFound";
}
