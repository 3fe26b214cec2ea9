// Lets a request to its route, or says why not.
import { authOutcomes, type AuthOutcome, type AuthPolicy, type Caller } from "../core/caller.ts";
import { authProblems, forbidden, insufficientScope } from "../http/auth-problems.ts";
import { internalError } from "../http/common-problems.ts";
import type { Guard } from "../http/guard.ts";
import type { HttpProblem } from "../http/problem.ts";
import type { RouteAccess } from "../http/route-access.ts";
import { counter, type Registry } from "../telemetry/prometheus.ts";
import type { RequestContext } from "../telemetry/request-context.ts";
import type { Authenticator, AuthFailure } from "./authenticator.ts";

interface GuardOptions extends AuthPolicy {
  readonly authenticator: Pick<Authenticator, "authenticate" | "recognize">;
  readonly registry: Registry;
}

/**
 * How long a request waits for its token to be verified where nothing is refused, in ms: a provider that
 * does not respond must not slow requests down before anything depends on it.
 */
const maxObservedMs = 50;

const outcomeOf = (failure: AuthFailure): AuthOutcome =>
  failure === "invalid-request" ? "malformed" : failure;

function hasScope({ scopes }: Caller, needed: readonly string[]): boolean {
  for (const scope of needed) if (scopes.has(scope)) return true;
  return false;
}

/** Makes the guard of a service. */
export function guard({ realm, isEnforced, authenticator, registry }: GuardOptions): Guard {
  const policy = { realm, isEnforced };
  const problems = authProblems(realm);
  const total = counter(registry, {
    name: "auth_total",
    help: "Requests to routes that need a token, by what its check came to",
  });
  const series = new Map(authOutcomes.map((outcome) => [outcome, total({ outcome })]));
  /** Requests that were responded to while their token was being verified, which are not counted yet. */
  const finishedEarly = new WeakSet<RequestContext>();

  function count({ authOutcome }: RequestContext): void {
    if (authOutcome !== undefined) series.get(authOutcome)?.add();
  }

  function problemOf(failure: AuthFailure): HttpProblem {
    if (failure === "missing") return problems.missing;
    if (failure === "invalid-request") return problems.invalidRequest;
    return failure === "no-keys" ? problems.noKeys : problems.invalid[failure];
  }

  function settle(context: RequestContext, result: Caller | AuthFailure): HttpProblem | undefined {
    if (typeof result === "string") {
      context.authOutcome = outcomeOf(result);
      return problemOf(result);
    }
    context.caller = result;
    return undefined;
  }

  function judge(
    context: RequestContext,
    caller: Caller,
    { scopes, isForPrograms }: RouteAccess,
  ): HttpProblem | undefined {
    if (!hasScope(caller, scopes)) {
      context.authOutcome = "insufficient-scope";
      return insufficientScope(realm, scopes);
    }
    context.authOutcome = "ok";
    return isForPrograms && caller.userId !== undefined ? forbidden : undefined;
  }

  async function observe(
    context: RequestContext,
    pending: Promise<Caller | AuthFailure>,
    access: RouteAccess,
  ) {
    const judged = pending.then((result) => {
      settle(context, result);
      if (context.caller !== undefined) judge(context, context.caller, access);
      if (finishedEarly.has(context)) count(context);
    });
    await Promise.race([judged, Bun.sleep(maxObservedMs)]);
    return undefined;
  }

  return {
    ...policy,
    recognize(request, context) {
      const field = request.headers.get("authorization");
      const caller = authenticator.recognize(field, context);
      if (caller === undefined) return false;
      context.authPolicy = policy;
      context.caller = caller;
      return true;
    },
    authenticate(request, context, access) {
      context.authPolicy = policy;
      const field = request.headers.get("authorization");
      const result = authenticator.authenticate(field, context);
      if (result instanceof Promise) {
        return isEnforced
          ? result.then((settled) => settle(context, settled))
          : observe(context, result, access);
      }
      const problem = settle(context, result);
      return isEnforced ? problem : undefined;
    },
    authorize(context, access) {
      const { caller } = context;
      if (caller === undefined) {
        return isEnforced
          ? internalError(new Error("The token of this request was not checked"))
          : undefined;
      }
      const problem = judge(context, caller, access);
      return isEnforced ? problem : undefined;
    },
    finished(context) {
      if (context.authPolicy === undefined) return;
      if (context.authOutcome !== undefined) count(context);
      // With a caller and without an outcome, it had no route, and is not counted.
      else if (context.caller === undefined) finishedEarly.add(context);
    },
  };
}
