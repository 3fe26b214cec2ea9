// What every request goes through, from its arrival to its response: context, preflight, load shedding, token,
// route; then the fields of every response, metrics, span and access log.
import type { Lifecycle } from "../core/lifecycle.ts";
import type { Tracer } from "../core/tracer.ts";
import { logRequest } from "../telemetry/access-log.ts";
import type { HttpMetrics } from "../telemetry/http-metrics.ts";
import type { Logger } from "../telemetry/logger.ts";
import { currentRequest, openContext, type RequestContext } from "../telemetry/request-context.ts";
import { recordRequest } from "../telemetry/request-span.ts";
import { withAbsoluteUrl } from "./absolute-url.ts";
import type { BodyParser } from "./body-parser.ts";
import type { CommonFields } from "./common-fields.ts";
import { overload } from "./common-problems.ts";
import type { CorsPolicy } from "./cors.ts";
import type { ErrorHandler } from "./error-handler.ts";
import { awaitsContinue, withoutContinue } from "./expectation.ts";
import type { FileDescriptors } from "./file-descriptors.ts";
import type { Guard } from "./guard.ts";
import type { ConcurrencyLimiter } from "./load-shedding.ts";
import type { TokenCheck } from "./token-check.ts";

/** What is known of an app's routes. */
export interface KnownRoutes extends Pick<ErrorHandler, "respond" | "routingProblem"> {
  /** Undefined: authentication is off. */
  readonly tokens: TokenCheck | undefined;
}

/** What a service gives to every request. */
export interface RequestParts {
  /** Undefined: CORS is off, and no script of another origin can read a response. */
  readonly cors: CorsPolicy | undefined;
  readonly lifecycle: Lifecycle;
  readonly descriptors: Pick<FileDescriptors, "areShort">;
  /** Undefined: authentication is off, and no token is looked at. */
  readonly guard: Guard | undefined;
  readonly logger: Logger;
  readonly metrics: HttpMetrics;
  /** Undefined: no trace is recorded. */
  readonly tracer: Tracer | undefined;
  /** Management routes are not shed, counted as traffic or recorded, and logged at `debug`. */
  isManagementPath(path: string): boolean;
}

interface RequestPipelineParts extends RequestParts {
  readonly bodies: Pick<BodyParser, "headerProblem">;
  readonly commonFields: CommonFields;
  readonly limiter: ConcurrencyLimiter;
  knownRoutes(): KnownRoutes;
}

/** What an app does with a request, whose URL can be parsed. */
export type AppHandler = (request: Request) => Response | Promise<Response>;

/** A request under way. */
interface Exchange {
  /** As the server has it. */
  readonly received: Request;
  /** The same with a URL that can be parsed. */
  readonly request: Request;
  readonly context: RequestContext;
}

/**
 * No client gives up sooner. Bun makes the signal of a request when it is first asked for, which takes 4 % of
 * a GET.
 */
const minPatienceMs = 10;

/** Makes what wraps an app. Its functions are made once, since closures of each request would take time. */
export function requestPipeline({
  bodies,
  commonFields,
  cors,
  descriptors,
  guard,
  lifecycle,
  limiter,
  logger,
  metrics,
  tracer,
  isManagementPath,
  knownRoutes,
}: RequestPipelineParts) {
  function report({ received, request, context }: Exchange, status: number): void {
    const { method, route, logReason, startedAt } = context;
    const endedAt = performance.now();
    const durationMs = endedAt - startedAt;
    guard?.finished(context);
    if (!context.isManagement) {
      metrics.responded(method, route, status, durationMs / 1000, logReason);
      // Bun tells that a client has left, also to code that did not listen before.
      if (durationMs >= minPatienceMs && received.signal.aborted) metrics.aborted();
    }
    logRequest(logger, context, { status, durationMs });
    const { span } = context.trace;
    if (tracer !== undefined && span !== undefined) {
      recordRequest(tracer, span, context, { url: request.url, status, startedAt, endedAt });
    }
  }

  function finish(exchange: Exchange, response: Response): Response {
    const { request, context } = exchange;
    limiter.release(context);
    const { headers } = response;
    if (!context.hasCommonFields) commonFields.add(headers, request, context);
    // Bun sends no Date in a response to HEAD (RFC 9110, 6.6.1).
    if (context.method === "HEAD") headers.set("date", new Date().toUTCString());
    // areShort() counts responses, so each of them calls it, also while the service drains.
    const isShort = descriptors.areShort();
    if (isShort || lifecycle.phase === "draining") headers.set("connection", "close");
    report(exchange, response.status);
    return awaitsContinue(request.headers) ? withoutContinue(response, request) : response;
  }

  function fail(exchange: Exchange, error: unknown): Response {
    return finish(exchange, knownRoutes().respond(error, exchange.context));
  }

  function shed(exchange: Exchange): Response | Promise<Response> {
    const problem = knownRoutes().routingProblem(exchange.context);
    if (problem !== undefined) return fail(exchange, problem);
    const reject = () => fail(exchange, overload);
    return limiter.paceRejection(exchange.request)?.then(reject) ?? reject();
  }

  return (handle: AppHandler) => {
    function serve(exchange: Exchange): Response | Promise<Response> {
      const { request, context } = exchange;
      const problem = bodies.headerProblem(request);
      if (problem !== undefined) {
        const { routingProblem, tokens } = knownRoutes();
        return fail(exchange, routingProblem(context) ?? tokens?.authorize(context) ?? problem);
      }
      let response: Response | Promise<Response>;
      try {
        response = handle(request);
      } catch (error) {
        return fail(exchange, error);
      }
      return response instanceof Promise
        ? response.then(
            (settled) => finish(exchange, settled),
            (error: unknown) => fail(exchange, error),
          )
        : finish(exchange, response);
    }

    function admit(exchange: Exchange): Response | Promise<Response> {
      const { request, context } = exchange;
      const { routingProblem, tokens } = knownRoutes();
      // No route has OPTIONS: a known path gives a 405, with the methods that a preflight asks for.
      const preflight = cors?.preflightResponse(
        request,
        context.path,
        () => routingProblem(context)?.headers["allow"],
      );
      if (preflight !== undefined) return finish(exchange, preflight);
      if (context.isManagement) return serve(exchange);
      if (!limiter.acquire(context)) return shed(exchange);
      const problem = tokens?.authenticate(request, context);
      if (problem === undefined) return serve(exchange);
      if (!(problem instanceof Promise)) return fail(exchange, problem);
      return problem.then((settled) =>
        settled === undefined ? serve(exchange) : fail(exchange, settled),
      );
    }

    return (received: Request): Response | Promise<Response> => {
      const startedAt = performance.now();
      const request = withAbsoluteUrl(received);
      const context = openContext(request, { startedAt, tracer, isManagementPath });
      return currentRequest.run(context, admit, { received, request, context });
    };
  };
}
