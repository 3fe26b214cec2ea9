// What a user is, and what can be asked of one.
import { requestObject } from "@platform/shared/schema/request-object";
import { promised } from "@platform/shared/core/result";
import { parseText, text } from "@platform/shared/schema/text";
import { timestamp } from "@platform/shared/schema/timestamp";
import { uuid } from "@platform/shared/schema/uuid";
import { Type } from "@sinclair/typebox";
import { email, parseEmail } from "./email.ts";

const nameLength = { minLength: 1, maxLength: 100 };
const name = text(nameLength, { examples: ["Alice"] });

/** A user as everybody sees it. */
export const user = Type.Object(
  { id: uuid, name, email, created_at: timestamp, updated_at: timestamp },
  { title: "User", additionalProperties: false },
);

/** See {@link user}. */
export type User = typeof user.static;

/** The body that creates a user. */
export const newUser = requestObject({ name, email });

/** See {@link newUser}. */
export type NewUser = typeof newUser.static;

/** The body that changes a user: what is left out stays. */
export const userChange = requestObject({ name: Type.Optional(name), email: Type.Optional(email) });

/** See {@link userChange}. */
export type UserChange = typeof userChange.static;

/** Thrown where another user has the e-mail address, in whatever case. */
export class EmailTaken extends Error {
  override readonly name = "EmailTaken";
}

/** Thrown where no user has the id. */
export class UserNotFound extends Error {
  override readonly name = "UserNotFound";
}

/** The normal form of a checked body that changes a user; unknown fields are left behind. */
export function normaliseChange(body: UserChange): UserChange {
  return {
    ...(body.name === undefined ? {} : { name: promised(parseText(body.name, nameLength)) }),
    ...(body.email === undefined ? {} : { email: promised(parseEmail(body.email)) }),
  };
}

/** The normal form of a checked body that creates a user; unknown fields are left behind. */
export function normaliseNew(body: NewUser): NewUser {
  return {
    name: promised(parseText(body.name, nameLength)),
    email: promised(parseEmail(body.email)),
  };
}
