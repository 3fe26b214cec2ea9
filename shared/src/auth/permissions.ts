// What the caller of the current request may do, beyond the scope that its route needs. All of it allows
// everything where authentication is off or only observes.
import { forbidden, insufficientScope } from "../http/auth-problems.ts";
import { requireRequest } from "../telemetry/request-context.ts";

/** The id of the person that sends the request, in lower case; undefined if a program sends it. */
export function personId(): string | undefined {
  const { auth } = requireRequest();
  return auth?.isEnforced === true ? auth.caller?.userId : undefined;
}

/** Whether what belongs to this user is hidden from the caller. @param userId in lower case */
export function isHidden(userId: string): boolean {
  const person = personId();
  return person !== undefined && person !== userId;
}

/**
 * Refuses a person that names another user in the place of itself.
 *
 * @param userId in lower case
 * @throws HttpProblem 403
 */
export function requireOwn(userId: string): void {
  if (isHidden(userId)) throw forbidden;
}

/** Refuses a caller whose token lacks the scope that its body needs. @throws HttpProblem 403 */
export function requireScope(scope: string): void {
  const { auth } = requireRequest();
  if (auth?.caller === undefined || auth.caller.scopes.has(scope)) return;
  auth.outcome = "insufficient-scope";
  if (auth.isEnforced) throw insufficientScope(auth.realm, [scope]);
}
