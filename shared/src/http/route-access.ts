// What a caller needs for a route, as the route declares it beside its schemas.
import type { RequestContext } from "../telemetry/request-context.ts";
import { routeTemplate, type Route } from "./route-matcher.ts";

/** What a caller needs for a route. */
export interface RouteAccess {
  /** The caller needs one of them. */
  readonly scopes: readonly string[];
  /** Whether persons may not use it, whatever their scopes. */
  readonly isForPrograms: boolean;
}

/** An Elysia route, as far as access to it goes. */
export interface GuardedRoute extends Route {
  readonly hooks: { readonly detail?: object | undefined };
}

/** What `detail` of a route declares; undefined if it names no scope. */
export function declaredAccess(detail: object = {}): RouteAccess | undefined {
  const { scope, programsOnly }: { scope?: unknown; programsOnly?: unknown } = detail;
  const scopes = [scope].flat().filter((one) => typeof one === "string" && one !== "");
  if (scopes.length === 0) return undefined;
  // The line above leaves strings alone.
  return { scopes: scopes as string[], isForPrograms: programsOnly === true };
}

/**
 * What callers need for each route of an app but the management routes, which need no token.
 *
 * @returns finds it for a request whose route is known
 * @throws Error if a route declares no scope: any token would do for it
 */
export function routeAccess(
  routes: readonly GuardedRoute[],
  isManagementPath: (path: string) => boolean,
): (context: Pick<RequestContext, "method" | "route">) => RouteAccess | undefined {
  const byTemplate = new Map<string | undefined, Map<string, RouteAccess>>();
  for (const { method, path, hooks } of routes) {
    if (isManagementPath(path)) continue;
    const access = declaredAccess(hooks.detail);
    if (access === undefined) {
      throw new Error(`${method} ${path} declares no scope: give one to its routeDocs()`);
    }
    const template = routeTemplate(path);
    const byMethod = byTemplate.get(template) ?? new Map<string, RouteAccess>();
    byTemplate.set(template, byMethod.set(method, access));
  }
  return ({ method, route }) => byTemplate.get(route)?.get(method === "HEAD" ? "GET" : method);
}
