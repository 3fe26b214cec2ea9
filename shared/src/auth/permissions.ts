// What the caller of the current request may do, beyond the scope that its route needs. All of it allows
// everything where authentication is off or only observes.
import type { Caller } from "../core/caller.ts";
import { forbidden, insufficientScope } from "../http/auth-problems.ts";
import { checkedCaller, requireRequest } from "../telemetry/request-context.ts";

/**
 * The caller of the request; undefined where authentication is off or only observes.
 *
 * @throws Error if tokens are enforced, and no caller was found
 */
export function enforcedCaller(): Caller | undefined {
  const context = requireRequest();
  if (context.authPolicy?.isEnforced !== true) return undefined;
  const caller = checkedCaller(context);
  if (caller === undefined) throw new Error("The token of this request was not checked");
  return caller;
}

/** The id of the person that sends the request, in lower case; undefined if a program sends it. */
export const personId = (): string | undefined => enforcedCaller()?.userId;

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
  const context = requireRequest();
  const { authPolicy } = context;
  const caller = enforcedCaller() ?? context.caller;
  if (authPolicy === undefined || caller === undefined || caller.scopes.has(scope)) return;
  context.authOutcome = "insufficient-scope";
  if (authPolicy.isEnforced) throw insufficientScope(authPolicy.realm, [scope]);
}
