// Lets a request to its route, or says why not.
import { authOutcomes, type AuthOutcome, type Caller, type RequestAuth } from "../core/caller.ts";
import { authProblems, forbidden, insufficientScope } from "../http/auth-problems.ts";
import type { Guard } from "../http/guard.ts";
import type { HttpProblem } from "../http/problem.ts";
import type { RouteAccess } from "../http/route-access.ts";
import { counter, type Registry } from "../telemetry/prometheus.ts";
import type { Authenticator, AuthFailure } from "./authenticator.ts";

interface GuardOptions {
  /** The name of the service. */
  readonly realm: string;
  readonly isEnforced: boolean;
  readonly authenticate: Authenticator["authenticate"];
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
export function guard({ realm, isEnforced, authenticate, registry }: GuardOptions): Guard {
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

  function judge(
    auth: RequestAuth,
    result: Caller | AuthFailure,
    { scopes, isForPrograms }: RouteAccess,
  ): HttpProblem | undefined {
    if (typeof result === "string") {
      auth.outcome = outcomeOf(result);
      return problemOf(result);
    }
    auth.caller = result;
    if (!hasScope(result, scopes)) {
      auth.outcome = "insufficient-scope";
      return insufficientScope(realm, scopes);
    }
    auth.outcome = "ok";
    return isForPrograms && result.userId !== undefined ? forbidden : undefined;
  }

  async function observe(
    auth: RequestAuth,
    pending: Promise<Caller | AuthFailure>,
    access: RouteAccess,
  ) {
    const judged = pending.then((result) => {
      judge(auth, result, access);
      if (finishedEarly.has(auth)) count(auth);
    });
    await Promise.race([judged, Bun.sleep(maxObservedMs)]);
    return undefined;
  }

  return {
    realm,
    isEnforced,
    check(request, context, access) {
      const auth: RequestAuth = { realm, isEnforced, caller: undefined, outcome: undefined };
      context.auth = auth;
      const result = authenticate(request.headers.get("authorization"), context.startedAt);
      if (result instanceof Promise) {
        return isEnforced
          ? result.then((settled) => judge(auth, settled, access))
          : observe(auth, result, access);
      }
      const problem = judge(auth, result, access);
      return isEnforced ? problem : undefined;
    },
    finished({ auth }) {
      if (auth === undefined) return;
      if (auth.outcome === undefined) finishedEarly.add(auth);
      else count(auth);
    },
  };
}
