// Reads an app's routes by way of the documentation plugin.
import type { TSchema } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import type { RequestSchemas } from "../http/validation-errors.ts";
import { factsKey, managementTag, type RouteFacts } from "./route-docs.ts";
import type { RefusingRoute } from "./problems.ts";
import type { Json, JsonSchema, Method, Parameter } from "./types.ts";
import { routeMatcher, routeTemplate } from "../http/route-matcher.ts";

/** What the plugin writes about a route, as far as it is of use. */
interface Draft {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: (Omit<Parameter, "example"> & { examples?: Json[] })[];
  requestBody?: { content: { "application/json": { schema: JsonSchema } } };
  [factsKey]?: RouteFacts;
}

/** A route, with everything that its part of the document is made of. */
export interface DraftedRoute extends RefusingRoute {
  readonly method: Method;
  readonly path: string;
  readonly draft: Draft;
  /** The schemas of its answers, by status. */
  readonly answers: Readonly<Record<string, TSchema>>;
}

/** The schemas of an Elysia route, which its types call any. */
interface RouteHooks extends RequestSchemas {
  readonly response?: Record<string, TSchema>;
}

/** The routes of a finished app, but for those that say `detail: { hide: true }`. */
export async function draftedRoutes(app: AnyElysia): Promise<DraftedRoute[]> {
  const paths = await pluginPaths(app);
  const matchOf = routeMatcher(app.routes);
  return app.routes.flatMap((route) => {
    const path = routeTemplate(route.path);
    // Elysia names methods in capitals, OpenAPI in small letters.
    const method = route.method.toLowerCase() as Method;
    const draft = paths[path]?.[method];
    if (draft === undefined) return [];
    const hooks: RouteHooks = route.hooks;
    return {
      method,
      path,
      draft,
      schemas: hooks,
      answers: hooks.response ?? {},
      facts: draft[factsKey] ?? {},
      isOperations: draft.tags?.includes(managementTag) === true,
      methods: matchOf(route.path)?.methods ?? [],
    };
  });
}

/** The paths of the document that the plugin would serve if the app used it. */
async function pluginPaths(
  app: AnyElysia,
): Promise<Record<string, Partial<Record<string, Draft>>>> {
  // Loading it takes as long as all of a start otherwise may, and few processes are ever asked for this.
  const { swagger } = await import("@elysiajs/swagger");
  const plugin = swagger({ excludeStaticFile: false });
  // The plugin asks for the routes of the app that uses it. This one is used by none, so that
  // nothing of it is served.
  Object.assign(plugin, { getGlobalRoutes: () => app.routes });
  const response = await plugin.handle(new Request("http://localhost/swagger/json"));
  const document: unknown = await response.json();
  // The plugin's own shape, of which the tests see every part that is used.
  return (document as { paths: Record<string, Record<string, Draft>> }).paths;
}
