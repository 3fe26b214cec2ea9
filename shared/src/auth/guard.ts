// Lets a request to its route, or says why not.
import { authOutcomes, type AuthOutcome, type Caller, type RequestAuth } from "../core/caller.ts";
import { authProblems, forbidden, insufficientScope } from "../http/auth-problems.ts";
import { internalError } from "../http/common-problems.ts";
import type { Guard } from "../http/guard.ts";
import type { HttpProblem } from "../http/problem.ts";
import type { RouteAccess } from "../http/route-access.ts";
import { counter, type Registry } from "../telemetry/prometheus.ts";
import type { RequestContext } from "../telemetry/request-context.ts";
import type { Authenticator, AuthFailure } from "./authenticator.ts";

interface GuardOptions {
  /** The name of the service. */
  readonly realm: string;
  readonly isEnforced: boolean;
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
  const problems = authProblems(realm);
  const total = counter(registry, {
    name: "auth_total",
    help: "Requests to routes that need a token, by what its check came to",
  });
  const series = new Map(authOutcomes.map((outcome) => [outcome, total({ outcome })]));
  /** Requests that were responded to while their token was being verified, which are not counted yet. */
  const finishedEarly = new WeakSet<RequestAuth>();

  const count = ({ outcome }: RequestAuth) => outcome && series.get(outcome)?.add();

  function problemOf(failure: AuthFailure): HttpProblem {
    if (failure === "missing") return problems.missing;
    if (failure === "invalid-request") return problems.invalidRequest;
    return failure === "no-keys" ? problems.noKeys : problems.invalid[failure];
  }

  function openAuth(context: RequestContext, authenticated: Caller | undefined): RequestAuth {
    const auth = { realm, isEnforced, authenticated, caller: undefined, outcome: undefined };
    context.auth = auth;
    return auth;
  }

  function settle(auth: RequestAuth, result: Caller | AuthFailure): HttpProblem | undefined {
    if (typeof result === "string") {
      auth.outcome = outcomeOf(result);
      return problemOf(result);
    }
    auth.authenticated = result;
    return undefined;
  }

  function judge(
    auth: RequestAuth,
    caller: Caller,
    { scopes, isForPrograms }: RouteAccess,
  ): HttpProblem | undefined {
    auth.caller = caller;
    if (!hasScope(caller, scopes)) {
      auth.outcome = "insufficient-scope";
      return insufficientScope(realm, scopes);
    }
    auth.outcome = "ok";
    return isForPrograms && caller.userId !== undefined ? forbidden : undefined;
  }

  async function observe(
    auth: RequestAuth,
    pending: Promise<Caller | AuthFailure>,
    access: RouteAccess,
  ) {
    const judged = pending.then((result) => {
      settle(auth, result);
      if (auth.authenticated !== undefined) judge(auth, auth.authenticated, access);
      if (finishedEarly.has(auth)) count(auth);
    });
    await Promise.race([judged, Bun.sleep(maxObservedMs)]);
    return undefined;
  }

  return {
    realm,
    isEnforced,
    recognize(request, context) {
      const field = request.headers.get("authorization");
      const caller = authenticator.recognize(field, context.startedAt);
      if (caller === undefined) return false;
      openAuth(context, caller);
      return true;
    },
    authenticate(request, context, access) {
      const auth = openAuth(context, undefined);
      const field = request.headers.get("authorization");
      const result = authenticator.authenticate(field, context.startedAt);
      if (result instanceof Promise) {
        return isEnforced
          ? result.then((settled) => settle(auth, settled))
          : observe(auth, result, access);
      }
      const problem = settle(auth, result);
      return isEnforced ? problem : undefined;
    },
    authorize({ auth }, access) {
      if (auth?.authenticated === undefined) {
        return isEnforced
          ? internalError(new Error("The token of this request was not checked"))
          : undefined;
      }
      const problem = judge(auth, auth.authenticated, access);
      return isEnforced ? problem : undefined;
    },
    finished({ auth }) {
      if (auth === undefined) return;
      if (auth.outcome !== undefined) count(auth);
      // With a caller and without an outcome, it had no route, and is not counted.
      else if (auth.authenticated === undefined) finishedEarly.add(auth);
    },
  };
}
