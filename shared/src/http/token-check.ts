// Puts a guard between the requests to an app and its routes.
import type { RequestContext } from "../telemetry/request-context.ts";
import { internalError } from "./common-problems.ts";
import type { Guard } from "./guard.ts";
import type { HttpProblem } from "./problem.ts";
import { routeAccess, type GuardedRoute } from "./route-access.ts";

/** Checks the tokens of requests to an app. */
export type TokenCheck = ReturnType<typeof tokenCheck>;

interface GuardedApp {
  readonly routes: readonly GuardedRoute[];
  isManagementPath(path: string): boolean;
  /** 404 or 405; otherwise undefined, and the context has the route. */
  routingProblem(context: RequestContext): HttpProblem | undefined;
}

/** Makes the check of an app. @throws Error if a route declares no scope */
export function tokenCheck(guard: Guard, { routes, isManagementPath, routingProblem }: GuardedApp) {
  const accessOf = routeAccess(routes, isManagementPath);
  return {
    /**
     * Why a request, which goes to no management route, is refused before its body is read; undefined if
     * it is not. A promise only where its token was not verified lately.
     */
    problem(
      request: Request,
      context: RequestContext,
    ): HttpProblem | undefined | Promise<HttpProblem | undefined> {
      const unroutable = routingProblem(context);
      if (unroutable !== undefined) return unroutable;
      const access = accessOf(context);
      return access === undefined
        ? internalError(new Error(`No scope is known for ${context.method} ${context.route}`))
        : guard.check(request, context, access);
    },
    /**
     * Makes sure that the route that Elysia has chosen is the one that the token was checked for.
     *
     * @throws Error if it is not, although the route needs a token
     */
    requireChecked(route: string, context: RequestContext): void {
      const isChecked = context.isManagement
        ? isManagementPath(route)
        : context.auth !== undefined && context.route === route;
      if (!isChecked) throw new Error(`The token was not checked for ${route}`);
    },
  };
}
