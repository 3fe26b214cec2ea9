// The Elysia plugin of every service: the request pipeline around it, and Elysia's hooks.
import { Elysia } from "elysia";
import { requireRequest, type RequestContext } from "../telemetry/request-context.ts";
import { startAlertSeries, type CountedRoute } from "./alert-series.ts";
import { bodyParser, noBody } from "./body-parser.ts";
import { commonFields } from "./common-fields.ts";
import { unknownPath } from "./common-problems.ts";
import { errorHandler, type ErrorHandlerParts } from "./error-handler.ts";
import { tokenCheck } from "./token-check.ts";
import { concurrencyLimiter } from "./load-shedding.ts";
import { QueryMismatch } from "./query-string.ts";
import { requestPipeline, type AppHandler, type RequestParts } from "./request-pipeline.ts";
import { routeTemplate, sentParameters } from "./route-matcher.ts";
import { makeErrorsBrief } from "./validation-errors.ts";

/** Bounds on what clients may ask of a service. */
export interface RequestLimits {
  /** Bytes of one request body. */
  readonly maxBodyBytes: number;
  /** Requests that are served at once. The response to requests beyond them is 503. */
  readonly maxInFlight: number;
}

type AppRoute = ErrorHandlerParts["routes"][number] & CountedRoute;

/** An Elysia route, with the hooks that Elysia calls before its handler. */
interface ReachableRoute {
  readonly method: string;
  readonly path: string;
  readonly hooks: { readonly transform?: HookContainer | readonly HookContainer[] | undefined };
}

interface HookContainer {
  readonly fn: object;
}

/** What the plugin works with. */
export interface HttpPluginParts extends Omit<ErrorHandlerParts, "routes">, RequestParts {
  readonly limits: RequestLimits;
  /** The routes of the app. Called once, with the first request, when the app has all of them. */
  routes(): readonly AppRoute[];
}

/** The hook of each plugin that authorizes requests. */
const authorizingHooks = new WeakSet<object>();

/** Marks a hook as one of them. */
function authorizing<H extends object>(hook: H): H {
  authorizingHooks.add(hook);
  return hook;
}

/**
 * Makes sure that the hooks of a plugin reach all routes of an app. Call it before the app serves requests.
 *
 * @throws Error if a route was added before the plugin: no scope would be compared for it
 */
export function requirePlugin(routes: readonly ReachableRoute[]): void {
  for (const { method, path, hooks } of routes) {
    const transforms = [hooks.transform].flat();
    if (transforms.some((hook) => hook !== undefined && authorizingHooks.has(hook.fn))) continue;
    throw new Error(`${method} ${path} was added before serviceApp(): no scope is compared for it`);
  }
}

/** The plugin; `use` it before any route, since Elysia's hooks reach only later routes. */
export function httpPlugin({ limits, routes, ...parts }: HttpPluginParts) {
  const { cors, guard, metrics, isManagementPath } = parts;
  const limiter = concurrencyLimiter(limits.maxInFlight);
  const bodies = bodyParser(limits.maxBodyBytes, limiter);
  const fields = commonFields(cors, guard?.isEnforced === true);
  metrics.watchInFlight(() => limiter.inFlight, limits.maxInFlight);

  function readRoutes() {
    const known = routes();
    // Before Elysia compiles a route, which is at its first request.
    for (const { hooks } of known) makeErrorsBrief(hooks);
    const counted = known.filter(({ path }) => !isManagementPath(path));
    startAlertSeries(metrics, counted);
    const handler = errorHandler({ ...parts, routes: known });
    const { routingProblem } = handler;
    const tokens = guard && tokenCheck(guard, { routes: known, isManagementPath, routingProblem });
    return { ...handler, tokens };
  }
  let read: ReturnType<typeof readRoutes> | undefined;
  // With the first request: the app has all its routes then, and Elysia has compiled none of them.
  const knownRoutes = () => (read ??= readRoutes());

  const pipeline = requestPipeline({
    ...parts,
    bodies,
    commonFields: fields,
    limiter,
    knownRoutes,
  });

  /** The context of the request, whose caller may use the route that Elysia has chosen. @throws HttpProblem if not */
  function authorized(route: string): RequestContext {
    const context = requireRequest();
    context.route = routeTemplate(route);
    const problem = knownRoutes().tokens?.authorize(context);
    if (problem !== undefined) throw problem;
    return context;
  }

  return (
    new Elysia({ name: "http-plugin" })
      // Elysia types the app's fetch function as Function.
      .wrap((handle) => pipeline(handle as unknown as AppHandler))
      .onParse({ as: "global" }, ({ request, route }) => {
        authorized(route);
        return bodies.parse({ request });
      })
      .onTransform(
        { as: "global" },
        authorizing((elysia) => {
          if (elysia.body === noBody) elysia.body = undefined;
          const context = authorized(elysia.route);
          fields.set(elysia.set.headers, elysia.request, context);
          if (context.query === "" || context.isManagement) return;
          const { values, fieldErrors } = knownRoutes().parseParameters(context);
          // Elysia's own parser keeps the last of repeated values, and knows no normal form.
          elysia.query = values;
          if (fieldErrors.length > 0) throw new QueryMismatch();
        }),
      )
      .onError({ as: "global" }, ({ code, error, route, params, query, request, ...rest }) => {
        const context = requireRequest();
        const { respond, routingProblem } = knownRoutes();
        if (code === "NOT_FOUND") return respond(routingProblem(context) ?? unknownPath(), context);
        context.route ??= routeTemplate(route);
        // Elysia wraps whatever onParse throws into a ParseError.
        const cause = code === "PARSE" ? error.cause : error;
        const body = "body" in rest ? rest.body : undefined;
        const headers = Object.fromEntries(request.headers);
        const sent = sentParameters(params, context.route, context.path);
        return respond(cause, context, { params: sent, query, headers, body });
      })
  );
}
