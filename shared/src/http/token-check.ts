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

const unknownScope = ({ method, route }: RequestContext) =>
  internalError(new Error(`No scope is known for ${method} ${route}`));

/** Makes the check of an app. @throws Error if a route declares no scope */
export function tokenCheck(guard: Guard, { routes, isManagementPath, routingProblem }: GuardedApp) {
  const accessOf = routeAccess(routes, isManagementPath);
  return {
    /**
     * Finds the caller of a request, which goes to no management route, before its route is chosen.
     *
     * @returns why the request is refused; undefined if it is not
     */
    authenticate(
      request: Request,
      context: RequestContext,
    ): HttpProblem | undefined | Promise<HttpProblem | undefined> {
      if (guard.recognize(request, context)) return undefined;
      // A path that no route has needs no token: none is verified for it.
      const unroutable = routingProblem(context);
      if (unroutable !== undefined) return unroutable;
      const access = accessOf(context);
      return access === undefined
        ? unknownScope(context)
        : guard.authenticate(request, context, access);
    },
    /**
     * Compares what the caller may do with what the route of the request needs.
     *
     * @returns why the request is refused; undefined if it is not
     */
    authorize(context: RequestContext): HttpProblem | undefined {
      const access = accessOf(context);
      if (access !== undefined) return guard.authorize(context, access);
      return isManagementPath(context.route ?? "") ? undefined : unknownScope(context);
    },
  };
}
