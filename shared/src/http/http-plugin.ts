// What every request goes through: context, load shedding, metrics, access log. Bodies and errors have
// files of their own.
import { Elysia } from "elysia";
import type { Lifecycle } from "../core/lifecycle.ts";
import type { Tracer } from "../core/tracer.ts";
import { logRequest } from "../telemetry/access-log.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { HttpMetrics } from "../telemetry/http-metrics.ts";
import { currentRequest, openContext, requireRequest } from "../telemetry/request-context.ts";
import { recordRequest } from "../telemetry/request-span.ts";
import { withAbsoluteUrl } from "./absolute-url.ts";
import { startAlertSeries, type CountedRoute } from "./alert-series.ts";
import { bodyParser, noBody } from "./body-parser.ts";
import { addVary, cacheControl } from "./caching.ts";
import { overload, unknownPath } from "./common-problems.ts";
import { addCorsFields, type CorsPolicy } from "./cors.ts";
import { errorHandler, type ErrorHandler, type ErrorHandlerParts } from "./error-handler.ts";
import { awaitsContinue, withoutContinue } from "./expectation.ts";
import type { FileDescriptors } from "./file-descriptors.ts";
import type { Guard } from "./guard.ts";
import { tokenCheck, type TokenCheck } from "./token-check.ts";
import { concurrencyLimiter } from "./load-shedding.ts";
import { QueryMismatch } from "./query-string.ts";
import { routeTemplate, sentParameters } from "./route-matcher.ts";

/** Bounds on what clients may ask of a service. */
export interface RequestLimits {
  /** Bytes of one request body. */
  readonly maxBodyBytes: number;
  /** Requests that are served at once. The response to requests beyond them is 503. */
  readonly maxInFlight: number;
}

type AppRoute = ErrorHandlerParts["routes"][number] & CountedRoute;

/** What the plugin works with. */
export interface HttpPluginParts extends Omit<ErrorHandlerParts, "routes"> {
  /** Undefined: CORS is off, and no script of another origin can read a response. */
  readonly cors: CorsPolicy | undefined;
  readonly lifecycle: Lifecycle;
  readonly descriptors: Pick<FileDescriptors, "areShort">;
  /** Undefined: authentication is off, and no token is looked at. */
  readonly guard: Guard | undefined;
  readonly limits: RequestLimits;
  readonly logger: Logger;
  readonly metrics: HttpMetrics;
  /** Undefined: no trace is recorded. */
  readonly tracer: Tracer | undefined;
  /** The routes of the app. Called once, with the first request, when the app has all of them. */
  routes(): readonly AppRoute[];
  /** Management routes are not shed, counted as traffic or recorded, and logged at `debug`. */
  isManagementPath(path: string): boolean;
}

/**
 * No client gives up sooner. Bun makes the signal of a request when it is first asked for, which takes 4 % of
 * a GET.
 */
const minPatienceMs = 10;

type AppHandler = (request: Request) => Response | Promise<Response>;

/** The plugin; `use` it before any route, since Elysia's hooks reach only later routes. */
export function httpPlugin({
  cors,
  lifecycle,
  descriptors,
  guard,
  limits,
  logger,
  metrics,
  tracer,
  routes,
  isManagementPath,
  ...parts
}: HttpPluginParts) {
  const limiter = concurrencyLimiter(limits.maxInFlight);
  const bodies = bodyParser(limits.maxBodyBytes, limiter);
  const isForCaller = guard?.isEnforced === true;
  metrics.watchInFlight(() => limiter.inFlight, limits.maxInFlight);

  // Made by the first request: the app has all its routes then, and Elysia has compiled none of them.
  let errorsOfRoutes: ErrorHandler | undefined;
  const errors = () => (errorsOfRoutes ??= prepare(routes()));
  let tokens: TokenCheck | undefined;

  function prepare(known: readonly AppRoute[]): ErrorHandler {
    const counted = known.filter(({ path }) => !isManagementPath(path));
    startAlertSeries(metrics, counted);
    const handler = errorHandler({ ...parts, routes: known });
    const { routingProblem } = handler;
    tokens = guard && tokenCheck(guard, { routes: known, isManagementPath, routingProblem });
    return handler;
  }

  return new Elysia({ name: "http-plugin" })
    .wrap((handle) => (received: Request) => {
      const startedAt = performance.now();
      const request = withAbsoluteUrl(received);
      const context = openContext(request, tracer, isManagementPath);
      const { isManagement } = context;
      const { respond, routingProblem } = errors();

      const finish = (response: Response) => {
        limiter.release(context);
        const { method, requestId, route, refusal, hasCommonFields } = context;
        if (!hasCommonFields) {
          response.headers.set("x-request-id", requestId);
          addCorsFields(response.headers, cors?.fieldsFor(request, context.path));
          if (isForCaller && !isManagement && route !== undefined) {
            addVary(response.headers, "Authorization");
          }
        }
        guard?.finished(context);
        // Bun sends no Date in a response to HEAD (RFC 9110, 6.6.1).
        if (method === "HEAD") response.headers.set("date", new Date().toUTCString());
        // areShort() counts responses, so each of them calls it, also while the service drains.
        const isShort = descriptors.areShort();
        if (isShort || lifecycle.phase === "draining") response.headers.set("connection", "close");
        const { status } = response;
        const endedAt = performance.now();
        const durationMs = endedAt - startedAt;
        if (!isManagement) {
          metrics.responded(method, route, status, durationMs / 1000, refusal);
          // Bun tells that a client has left, also to code that did not listen before.
          if (durationMs >= minPatienceMs && received.signal.aborted) metrics.aborted();
        }
        logRequest(logger, context, { status, durationMs });
        const { span } = context.trace;
        if (tracer !== undefined && span !== undefined) {
          recordRequest(tracer, span, context, { url: request.url, status, startedAt, endedAt });
        }
        return awaitsContinue(request.headers) ? withoutContinue(response, request) : response;
      };
      const fail = (error: unknown) => finish(respond(error, context));

      const serve = () => {
        const problem = bodies.headerProblem(request);
        if (problem !== undefined) return fail(routingProblem(context) ?? problem);
        let response: Response | Promise<Response>;
        try {
          // Elysia types the app's fetch function as Function.
          response = (handle as unknown as AppHandler)(request);
        } catch (error) {
          return fail(error);
        }
        return response instanceof Promise ? response.then(finish, fail) : finish(response);
      };

      return currentRequest.run(context, () => {
        // No route has OPTIONS: a known path gives a 405, with the methods that a preflight asks for.
        const preflight = cors?.preflightResponse(
          request,
          context.path,
          () => routingProblem(context)?.headers["allow"],
        );
        if (preflight !== undefined) return finish(preflight);
        if (isManagement) return serve();
        if (!limiter.acquire(context)) {
          const reject = () => fail(routingProblem(context) ?? overload);
          return limiter.paceRejection()?.then(reject) ?? reject();
        }
        const refusal = tokens?.refusal(request, context);
        if (refusal === undefined) return serve();
        return refusal instanceof Promise
          ? refusal.then((problem) => (problem === undefined ? serve() : fail(problem)))
          : fail(refusal);
      });
    })
    .onParse({ as: "global" }, bodies.parse)
    .onTransform({ as: "global" }, (elysia) => {
      if (elysia.body === noBody) elysia.body = undefined;
      const context = requireRequest();
      const route = routeTemplate(elysia.route);
      tokens?.requireChecked(route, context);
      context.route = route;
      // Elysia builds the response with these headers. Setting them on the finished response costs more.
      const { headers } = elysia.set;
      headers["x-request-id"] = context.requestId;
      headers["x-content-type-options"] = "nosniff";
      headers["cache-control"] = cacheControl(context.method);
      if (cors) Object.assign(headers, cors.fieldsFor(elysia.request, context.path));
      if (isForCaller && !context.isManagement) {
        headers["vary"] = cors ? "Origin, Authorization" : "Authorization";
      }
      context.hasCommonFields = true;
      if (context.query === "" || context.isManagement) return;
      const { values, fieldErrors } = errors().parseParameters(context);
      // Elysia's own parser keeps the last of repeated values, and knows no normal form.
      elysia.query = values;
      if (fieldErrors.length > 0) throw new QueryMismatch();
    })
    .onError({ as: "global" }, ({ code, error, route, params, query, request, ...rest }) => {
      const context = requireRequest();
      const { respond, routingProblem } = errors();
      if (code === "NOT_FOUND") return respond(routingProblem(context) ?? unknownPath(), context);
      context.route ??= routeTemplate(route);
      // Elysia wraps whatever onParse throws into a ParseError.
      const cause = code === "PARSE" ? error.cause : error;
      const body = "body" in rest ? rest.body : undefined;
      const headers = Object.fromEntries(request.headers);
      const sent = sentParameters(params, context.route, context.path);
      return respond(cause, context, { params: sent, query, headers, body });
    });
}
