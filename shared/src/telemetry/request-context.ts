// The request that the running code serves, known wherever that code awaits or calls.
import { AsyncLocalStorage } from "node:async_hooks";
import type { AuthOutcome, AuthPolicy, Caller } from "../core/caller.ts";
import type { Tracer } from "../core/tracer.ts";
import { continueTrace, type TraceContext } from "./trace-context.ts";

/** One request, from its arrival to its response. */
export interface RequestContext {
  readonly requestId: string;
  /** When it arrived, in monotonic ms. */
  readonly startedAt: number;
  /** The same in ms since 1970. Each clock is read once at the arrival: to read one again takes 4 ‰ of a GET. */
  readonly startedAtUnixMs: number;
  readonly trace: TraceContext;
  readonly method: string;
  /** The path as the client sent it, without the query. */
  readonly path: string;
  /** The query string as the client sent it, without its question mark; empty if there is none. */
  readonly query: string;
  /** The template of the matched route, such as `/users/{id}`; undefined if no route matched. */
  route: string | undefined;
  /** The cause of a 5xx response, for the log. */
  error: unknown;
  /** Why the request was refused, if it may succeed later; for the log and the metrics. */
  logReason: string | undefined;
  /** Whether Elysia sends the fields that every response has, such as `X-Request-Id`. */
  hasCommonFields: boolean;
  /** Whether it goes to a management route. */
  readonly isManagement: boolean;
  /** Whether it counts among the requests in flight. */
  isAdmitted: boolean;
  /** Undefined where no token was looked at: authentication is off, or the route needs none. */
  authPolicy: AuthPolicy | undefined;
  /** The caller that the token names. Undefined while the token is being verified, or where it is not valid. */
  caller: Caller | undefined;
  /** Undefined while the token is being verified, and until the caller's scopes were compared with the route's. */
  authOutcome: AuthOutcome | undefined;
}

/** When a request arrived. */
export type Arrival = Pick<RequestContext, "startedAt" | "startedAtUnixMs">;

/**
 * The request that the calling code serves: `run` makes it known to all code that `work` calls or
 * awaits, `getStore` returns it, or undefined outside of a request.
 */
export const currentRequest = new AsyncLocalStorage<RequestContext>();

/**
 * The current request, for code that runs within requests alone.
 *
 * @throws Error outside of a request
 */
export function requireRequest(): RequestContext {
  const context = currentRequest.getStore();
  if (context === undefined) throw new Error("No request is being served here");
  return context;
}

/**
 * The caller of a request, once its scopes were compared with what the route needs. Undefined before: a request
 * without a route looks the same in the log with a token that was verified lately and with any other.
 */
export function checkedCaller({ authOutcome, caller }: RequestContext): Caller | undefined {
  return authOutcome === undefined ? undefined : caller;
}

const wellFormedId = /^[A-Za-z0-9._-]{1,128}$/;

interface OpenContextOptions {
  /** When the request arrived, in monotonic ms. Default: now. */
  readonly startedAt?: number;
  /** Default: no trace is recorded. Those of management routes never are. */
  readonly tracer?: Tracer | undefined;
  /** Default: no path is one. */
  isManagementPath?(path: string): boolean;
}

/** Makes the context of a request. Its id and trace are the client's where they are well-formed. */
export function openContext(
  { headers, method, url }: Request,
  { startedAt = performance.now(), tracer, isManagementPath }: OpenContextOptions = {},
): RequestContext {
  const sentId = headers.get("x-request-id");
  const traceparent = headers.get("traceparent");
  const pathStart = url.indexOf("/", url.indexOf("://") + 3);
  const queryStart = url.indexOf("?", pathStart);
  const path = url.slice(pathStart, queryStart < 0 ? undefined : queryStart);
  const tracestate = traceparent && headers.get("tracestate");
  const isManagement = isManagementPath?.(path) ?? false;
  return {
    requestId: sentId !== null && wellFormedId.test(sentId) ? sentId : Bun.randomUUIDv7(),
    startedAt,
    startedAtUnixMs: Date.now(),
    trace: continueTrace(traceparent, tracestate, isManagement ? undefined : tracer),
    method,
    path,
    query: queryStart < 0 ? "" : url.slice(queryStart + 1),
    route: undefined,
    error: undefined,
    logReason: undefined,
    hasCommonFields: false,
    isManagement,
    isAdmitted: false,
    authPolicy: undefined,
    caller: undefined,
    authOutcome: undefined,
  };
}
