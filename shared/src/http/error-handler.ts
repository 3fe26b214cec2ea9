// Turns every error into a problem: the one place where a status is chosen for an error.
import { ValidationError } from "elysia";
import { StorageUnavailable, type Storage } from "../core/storage.ts";
import type { RequestContext } from "../telemetry/request-context.ts";
import {
  internalError,
  schemaMismatch,
  storageProblems,
  unknownMethod,
  unknownPath,
} from "./common-problems.ts";
import { HttpProblem, problemResponse, type FieldError } from "./problem.ts";
import { parseParameters, parseQuery, QueryMismatch } from "./query-string.ts";
import { routeMatcher, routeTemplate, type Route } from "./route-matcher.ts";
import { validationErrors, type CheckedRequest, type RequestSchemas } from "./validation-errors.ts";

/** An Elysia route, as far as errors need it. */
interface KnownRoute extends Route {
  readonly hooks: RouteHooks;
}

/** The schemas of a route, and the documentation that it gives beside them. */
export interface RouteHooks extends RequestSchemas {
  readonly detail?: object | undefined;
}

/** What the error handler works with. */
export interface ErrorHandlerParts {
  /** All routes of the app. */
  readonly routes: readonly KnownRoute[];
  /** The address of the API reference, which the 404 of `/` names. */
  readonly apiReferenceAddress: string;
  /** Whose secret decrypts the cursors in queries. */
  readonly storage: Pick<Storage, "secret">;
  /** The problem of a domain error; undefined for an error that is a bug. */
  problemOf(error: unknown): HttpProblem | undefined;
  /**
   * The errors of header fields that have no schema, since alone they are no 422. A 422 for other errors
   * names them too. Default: none.
   *
   * @param headers the fields by their names in lower case
   */
  headerErrors?(
    route: RouteHooks,
    headers: NonNullable<CheckedRequest["headers"]>,
  ): readonly FieldError[];
}

/** Chooses the responses to requests that failed. */
export type ErrorHandler = ReturnType<typeof errorHandler>;

/** Makes the error handler of an app. */
export function errorHandler({
  routes,
  apiReferenceAddress,
  storage,
  problemOf,
  headerErrors = () => [],
}: ErrorHandlerParts) {
  const findRoute = routeMatcher(routes);
  const schemasByRoute = new Map<string, RouteHooks>();
  for (const { method, path, hooks } of routes) {
    schemasByRoute.set(`${method} ${routeTemplate(path)}`, hooks);
  }

  const schemasOf = ({ method, route }: RequestContext): RouteHooks =>
    schemasByRoute.get(`${method === "HEAD" ? "GET" : method} ${route}`) ?? {};

  function mismatch(context: RequestContext, request: CheckedRequest): HttpProblem {
    const hooks = schemasOf(context);
    const { fieldErrors } = parseQuery(context.query, hooks.query, storage.secret);
    return schemaMismatch([
      ...validationErrors(hooks, request, fieldErrors),
      ...headerErrors(hooks, request.headers ?? {}),
    ]);
  }

  function toProblem(
    error: unknown,
    context: RequestContext,
    request: CheckedRequest,
  ): HttpProblem {
    if (error instanceof HttpProblem) return error;
    const known = problemOf(error);
    if (known !== undefined) return known;
    if (error instanceof StorageUnavailable) return storageProblems[error.reason];
    if (error instanceof ValidationError && error.type === "response") {
      return internalError(responseMismatch(error));
    }
    if (!(error instanceof ValidationError || error instanceof QueryMismatch)) {
      return internalError(error);
    }
    try {
      return mismatch(context, request);
    } catch (cause) {
      // The check of a cursor decrypts it with a secret of the storage, which may be unavailable.
      return toProblem(cause, context, request);
    }
  }

  return {
    /**
     * 404 if no route has the request's path, 405 if none has it with this method, and otherwise
     * undefined. A path that matches sets the context's route, for metrics and the log.
     */
    routingProblem(context: RequestContext): HttpProblem | undefined {
      const match = findRoute(context.path);
      if (match === undefined) {
        const hint = `; the API reference is at ${apiReferenceAddress}`;
        return unknownPath(context.path === "/" ? hint : "");
      }
      context.route = match.template;
      return match.methods.includes(context.method) ? undefined : unknownMethod(match.methods);
    },
    /** The query of a request whose route is known. */
    parseParameters: (context: RequestContext) =>
      parseParameters(context.query, schemasOf(context).query),
    /**
     * The response to an error. An unknown error is a 500, whose cause only the log gets.
     *
     * @param request the parts of the request that Elysia has parsed, for the errors of validation
     */
    respond(error: unknown, context: RequestContext, request: CheckedRequest = {}): Response {
      const problem = toProblem(error, context, request);
      context.logReason = problem.logReason;
      const isFailure = problem.status >= 500 && problem.logReason === undefined;
      if (isFailure) context.error = problem.cause ?? problem;
      context.hasCommonFields = false;
      return problemResponse(problem, context);
    },
  };
}

/** For the log: where a response breaks its schema, without the value, which may be personal data. */
function responseMismatch({ valueError }: ValidationError): Error {
  const place = valueError?.path || "the whole body";
  return new Error(`A response does not match its schema: ${place}: ${valueError?.message}`);
}
