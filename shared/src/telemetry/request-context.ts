// The request that the running code serves, known wherever that code awaits or calls.
import { AsyncLocalStorage } from "node:async_hooks";
import { continueTrace, type TraceContext } from "./trace-context.ts";

/** One request, from its arrival to its response. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly method: string;
  /** The path as the client sent it, without the query. */
  readonly path: string;
  /** The template of the matched route, such as `/users/{id}`; undefined if no route matched. */
  route: string | undefined;
  /** The cause of a 5xx response, for the log. */
  error: unknown;
  /** Whether Elysia sends `X-Request-Id` with the response. */
  hasRequestIdHeader: boolean;
  /** Whether it counts among the requests in flight. */
  isAdmitted: boolean;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request that the calling code serves; undefined outside of a request. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * The request that the calling code serves, for code that runs within requests alone.
 *
 * @throws Error outside of a request
 */
export function requireRequest(): RequestContext {
  const context = storage.getStore();
  if (context === undefined) throw new Error("No request is being served here");
  return context;
}

/** Runs `work` so that all code that it calls or awaits finds this request. */
export function runInRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

const wellFormedId = /^[A-Za-z0-9._-]{1,128}$/;

const pathStart = (url: string) => url.indexOf("/", url.indexOf("://") + 3);

/** The path of an absolute URL. */
function pathOf(url: string): string {
  const start = pathStart(url);
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/**
 * The request with a URL that can be parsed. If the Host field is missing or malformed, Bun gives the
 * bare request target, which Elysia's router does not understand, or puts the target behind that Host
 * without resolving `..` in it.
 */
export function withAbsoluteUrl(request: Request): Request {
  const { url } = request;
  const isAbsolute = url.startsWith("http://") || url.startsWith("https://");
  if (isAbsolute && URL.canParse(url)) return request;
  const path = isAbsolute ? url.slice(pathStart(url)) : url;
  const target = URL.parse(`http://unknown-host${path.startsWith("/") ? path : "/"}`);
  return new Request(target?.href ?? "http://unknown-host/", request);
}

/** Makes the context of a request. Its id and trace are the client's where they are well-formed. */
export function openContext({ headers, method, url }: Request): RequestContext {
  const sentId = headers.get("x-request-id");
  const traceparent = headers.get("traceparent");
  return {
    requestId: sentId !== null && wellFormedId.test(sentId) ? sentId : Bun.randomUUIDv7(),
    trace: continueTrace(traceparent, traceparent && headers.get("tracestate")),
    method,
    path: pathOf(url),
    route: undefined,
    error: undefined,
    hasRequestIdHeader: false,
    isAdmitted: false,
  };
}
