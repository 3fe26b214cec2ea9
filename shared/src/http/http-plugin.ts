// What every request goes through, whatever it asks for: identity, limits, errors, metrics, log.
import { Elysia, ValidationError } from "elysia";
import { concurrencyLimiter } from "./load-shedding.ts";
import { bodyReader } from "./body-reader.ts";
import {
  bodyTooLarge,
  internalError,
  overload,
  schemaMismatch,
  storageProblem,
  unknownMethod,
  unknownPath,
  wrongCoding,
  wrongMediaType,
} from "./common-problems.ts";
import {
  makeErrorsBrief,
  validationErrors,
  type CheckedRequest,
  type RequestSchemas,
} from "./validation-errors.ts";
import { hasBody, isJsonType, isPlain, parseJsonBody } from "./body-parser.ts";
import type { Lifecycle } from "../core/lifecycle.ts";
import type { Logger } from "../telemetry/logger.ts";
import { yieldToShortRequests } from "./fair-scheduling.ts";
import type { HttpMetrics } from "../telemetry/metrics.ts";
import { isManagementPath } from "../service/management-routes.ts";
import { HttpProblem, problemResponse } from "./problem.ts";
import {
  currentRequest,
  openContext,
  runInRequest,
  withAbsoluteUrl,
  type RequestContext,
} from "../telemetry/request-context.ts";
import { logRequest } from "../telemetry/access-log.ts";
import { routeMatcher, routeTemplate, type RouteMatch } from "./route-matcher.ts";
import { StorageUnavailable } from "../core/storage.ts";

/** Bounds on what a client may ask of a service. */
export interface RequestLimits {
  readonly maxBodyBytes: number;
  /** Requests answered at once; more are refused with 503. */
  readonly maxInFlight: number;
}

/** An Elysia route as far as the kit looks into it. */
interface KnownRoute {
  readonly method: string;
  readonly path: string;
  readonly hooks: RequestSchemas;
}

/** What the kit works with. */
export interface HttpPluginParts {
  lifecycle: Lifecycle;
  limits: RequestLimits;
  logger: Logger;
  metrics: HttpMetrics;
  /** The answer to a domain error; undefined for an error that is a bug. */
  problemOf(error: unknown): HttpProblem | undefined;
  /** The routes of the finished app, asked for when the first request comes that needs them. */
  routes(): readonly KnownRoute[];
}

/** Takes the place of no body: of undefined, Elysia thinks that the body is still to be parsed. */
const noBody = Symbol("no body");

/** An answer that we may not give, without what is in it. */
function responseMismatch({ valueError }: ValidationError): Error {
  const place = valueError?.path || "the answer";
  return new Error(`An answer does not fit its schema: ${place}: ${valueError?.message}`);
}

type AppHandler = (request: Request) => Response | Promise<Response>;

/** Larger bodies take milliseconds to parse and to check. */
const usualBytes = 65_536;

const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);

/** The plugin; `use` it before any route. */
export function httpPlugin({
  lifecycle,
  limits,
  logger,
  metrics,
  problemOf,
  routes,
}: HttpPluginParts) {
  let findRoute: ((path: string) => RouteMatch | undefined) | undefined;
  let schemas: Map<string, RequestSchemas> | undefined;
  let areSchemasBrief = false;
  const door = concurrencyLimiter(limits.maxInFlight);
  const bodies = bodyReader(limits.maxBodyBytes);
  metrics.watchInFlight(() => door.inFlight);

  /** Why no route answers: the path is unknown, or it is but not with this method. */
  function routingProblem(context: RequestContext): HttpProblem | undefined {
    findRoute ??= routeMatcher(routes());
    const match = findRoute(context.path);
    if (match === undefined) return unknownPath();
    context.route = match.template;
    return match.methods.includes(context.method) ? undefined : unknownMethod(match.methods);
  }

  /** What is wrong with a request before its body is read and its route called. */
  function refusal(request: Request): HttpProblem | undefined {
    if (!methodsWithBody.has(request.method) || !hasBody(request)) return undefined;
    if (Number(request.headers.get("content-length")) > limits.maxBodyBytes) {
      return bodyTooLarge(limits.maxBodyBytes);
    }
    if (!isJsonType(request.headers.get("content-type"))) return wrongMediaType();
    return isPlain(request.headers.get("content-encoding")) ? undefined : wrongCoding();
  }

  /** The body of a request, which is not one of those being answered until it is whole. */
  async function bodyOf(request: Request): Promise<Uint8Array> {
    const context = currentRequest() ?? openContext(request);
    door.release(context);
    const bytes = await bodies.read(request);
    if (!door.acquire(context)) {
      await door.paceRejection();
      throw overload;
    }
    if (bytes.byteLength > usualBytes) await yieldToShortRequests();
    return bytes;
  }

  /** Before any request is checked. Routes are compiled later, and read this then. */
  function prepareSchemas(): void {
    if (areSchemasBrief) return;
    areSchemasBrief = true;
    for (const { body, params, query, headers } of routes().map(({ hooks }) => hooks)) {
      for (const schema of [body, params, query, headers]) if (schema) makeErrorsBrief(schema);
    }
  }

  function schemasOf({ method, route }: { method: string; route: string }): RequestSchemas {
    schemas ??= new Map(
      routes().map((known) => [`${known.method} ${routeTemplate(known.path)}`, known.hooks]),
    );
    return schemas.get(`${method === "HEAD" ? "GET" : method} ${route}`) ?? {};
  }

  /** The one place where errors become problems. Everything unknown is 500, told to the log alone. */
  function toProblem(
    error: unknown,
    context: RequestContext,
    request: CheckedRequest,
  ): HttpProblem {
    if (error instanceof HttpProblem) return error;
    const known = problemOf(error);
    if (known !== undefined) return known;
    if (error instanceof StorageUnavailable) return storageProblem(error.reason);
    if (error instanceof ValidationError && error.type === "response") {
      return internalError(responseMismatch(error));
    }
    if (error instanceof ValidationError) {
      const schemas = schemasOf({ method: context.method, route: context.route ?? "" });
      return schemaMismatch(validationErrors(schemas, request));
    }
    return internalError(error);
  }

  function answer(problem: HttpProblem, context: RequestContext): Response {
    if (problem.status >= 500 && !problem.isShed) context.error = problem.cause ?? problem;
    context.hasRequestIdHeader = false;
    return problemResponse(problem, context);
  }

  return new Elysia({ name: "http-kit" })
    .wrap((handle) => (received: Request) => {
      const startedAt = performance.now();
      const request = withAbsoluteUrl(received);
      const context = openContext(request);
      const isManagement = isManagementPath(context.path);
      prepareSchemas();

      const finish = (response: Response) => {
        door.release(context);
        if (!context.hasRequestIdHeader) response.headers.set("x-request-id", context.requestId);
        // Bun leaves it out of answers to HEAD (RFC 9110, 6.6.1).
        if (context.method === "HEAD") response.headers.set("date", new Date().toUTCString());
        if (lifecycle.phase === "draining") response.headers.set("connection", "close");
        const durationMs = performance.now() - startedAt;
        if (!isManagement) {
          metrics.responded(context.method, context.route, response.status, durationMs / 1000);
        }
        logRequest(logger, context, { status: response.status, durationMs, isManagement });
        return response;
      };
      const fail = (error: unknown) => finish(answer(toProblem(error, context, {}), context));

      return runInRequest(context, () => {
        const isShed = !isManagement && !door.acquire(context);
        const problem = isShed ? overload : refusal(request);
        if (problem !== undefined) {
          const refuse = () => finish(answer(routingProblem(context) ?? problem, context));
          return (isShed && door.paceRejection()?.then(refuse)) || refuse();
        }
        let response: Response | Promise<Response>;
        try {
          // Elysia calls it a Function; it is the fetch function of the app.
          response = (handle as unknown as AppHandler)(request);
        } catch (error) {
          return fail(error);
        }
        return response instanceof Promise ? response.then(finish, fail) : finish(response);
      });
    })
    .onParse({ as: "global" }, async ({ request }) => {
      // Of other methods a body means nothing (RFC 9110, 9.3): it is not even read.
      if (!methodsWithBody.has(request.method)) return noBody;
      const body = parseJsonBody(await bodyOf(request));
      return body === undefined ? noBody : body;
    })
    .onTransform({ as: "global" }, (elysia) => {
      if (elysia.body === noBody) elysia.body = undefined;
      const context = currentRequest();
      if (context === undefined) return;
      context.route = routeTemplate(elysia.route);
      // Setting it on the finished answer would cost more: its header is complete by then.
      elysia.set.headers["x-request-id"] = context.requestId;
      context.hasRequestIdHeader = true;
    })
    .onError({ as: "global" }, ({ code, error, route, params, query, request, ...rest }) => {
      const context = currentRequest() ?? openContext(request);
      if (code === "NOT_FOUND") {
        return answer(routingProblem(context) ?? unknownPath(), context);
      }
      context.route ??= routeTemplate(route);
      const cause = code === "PARSE" ? error.cause : error;
      const body = "body" in rest ? rest.body : undefined;
      const headers = Object.fromEntries(request.headers);
      return answer(toProblem(cause, context, { params, query, headers, body }), context);
    });
}
