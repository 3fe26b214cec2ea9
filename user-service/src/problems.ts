// What a client of user-service gets where the domain refuses a request.
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { preconditionProblems } from "@platform/shared/http/etag";
import { HttpProblem } from "@platform/shared/http/problem";
import { EmailTaken, UserNotFound } from "./users/user.ts";

/** No user has the id, or the caller must not see that user. */
export const userNotFound = new HttpProblem(404, "user-not-found", "User not found");

/** Another user has the e-mail address. */
export const emailTaken = new HttpProblem(409, "email-taken", "Email already registered");

/** The request's `If-Match` or `If-None-Match` does not accept the user's state. */
export const userPreconditions = preconditionProblems("User has changed");

/** The problem that an error of the domain becomes; undefined for a bug, which becomes a 500. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof UserNotFound) return userNotFound;
  if (error instanceof EmailTaken) return emailTaken;
  if (error instanceof PreconditionFailed) return userPreconditions[error.reason];
  return undefined;
}
