// The routes of an app, each with the Operation Object that @elysiajs/swagger makes of it.
//
// The plugin is mounted on a second app, which has the same routes and is made when the document is
// first requested. Mounted on the service's own app, it would be loaded at every start, and would serve
// what no client should get: a page that loads its scripts from a CDN, and a document without problems
// and header fields.
import { swagger } from "@elysiajs/swagger";
import type { TSchema } from "@sinclair/typebox";
import { Elysia, type AnyElysia } from "elysia";
import { declaredAccess, type RouteAccess } from "../http/route-access.ts";
import { routeMatcher, routeTemplate } from "../http/route-matcher.ts";
import type { RequestSchemas } from "../http/validation-errors.ts";
import type { RouteBehaviour } from "./route-docs.ts";
import type { Json, Method, Operation, Parameter } from "./types.ts";

/** The part of the plugin's Operation Object that the document is made from. */
interface PluginOperation
  extends
    RouteBehaviour,
    Pick<Operation, "operationId">,
    Partial<Pick<Operation, "summary" | "description" | "tags" | "requestBody">> {
  readonly parameters?: (Omit<Parameter, "example"> & { examples?: Json[] })[];
}

type PluginPaths = Record<string, Partial<Record<string, PluginOperation>>>;

/** The schemas of an Elysia route, which Elysia types as `any`. */
interface RouteHooks extends RequestSchemas {
  readonly response?: Record<string, TSchema>;
}

/** A route with everything that its Operation Object is made from. */
export interface DocumentedRoute extends PluginOperation {
  readonly method: Method;
  readonly path: string;
  readonly hooks: RouteHooks;
  /** The methods of its path, in capitals. */
  readonly methods: readonly string[];
  /** What a token needs; undefined: no token is needed. */
  readonly guard: RouteGuard | undefined;
}

/** What a token needs for a route. */
interface RouteGuard extends RouteAccess {
  /** What refusals name. */
  readonly realm: string;
}

/**
 * The routes of a finished app, except those with `detail: { hide: true }`.
 *
 * @param realm undefined: no token is needed for any of them
 */
export async function documentedRoutes(
  app: AnyElysia,
  realm: string | undefined,
): Promise<DocumentedRoute[]> {
  const paths = await pluginPaths(app);
  const matchOf = routeMatcher(app.routes);
  return app.routes.flatMap((route) => {
    const path = routeTemplate(route.path);
    // Elysia writes methods in capitals, OpenAPI in lower case.
    const method = route.method.toLowerCase() as Method;
    const operation = paths[path]?.[method];
    const methods = matchOf(route.path)?.methods ?? [];
    const access = declaredAccess(route.hooks.detail);
    const guard = access && realm !== undefined ? { ...access, realm } : undefined;
    return operation ? { ...operation, method, path, hooks: route.hooks, methods, guard } : [];
  });
}

/** Where the second app has the plugin's own two routes, out of the way of the service's routes. */
const pluginPath = "/@elysiajs/swagger";

/** The Paths Object of the plugin's document. */
async function pluginPaths(app: AnyElysia): Promise<PluginPaths> {
  const documented = new Elysia().use(swagger({ path: pluginPath, excludeStaticFile: false }));
  for (const { method, path, hooks } of app.routes) {
    documented.route(method, path, () => undefined, hooks);
  }
  const response = await documented.handle(new Request(`http://localhost${pluginPath}/json`));
  // The plugin types its response as unknown; the tests assert every member that is read here.
  return ((await response.json()) as { paths: PluginPaths }).paths;
}
