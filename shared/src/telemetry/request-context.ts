// What is known about the request that is being answered, wherever its work is done.
import { AsyncLocalStorage } from "node:async_hooks";
import { continueTrace, type TraceContext } from "./trace-context.ts";

/** One request, from its first byte read to its answer. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The template that matched, such as `/users/{id}`; undefined if none did. */
  route: string | undefined;
  /** What made the answer a 5xx, for the log. */
  error: unknown;
  /** Whether the answer that Elysia makes has the id in its header. */
  hasRequestIdHeader: boolean;
  /** Whether it counts among the requests that are being answered. */
  isAdmitted: boolean;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request that the calling code works for; undefined outside of any. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work` so that everything that it calls or awaits finds this request. */
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
 * The request with a URL that can be parsed. If the Host field was missing or odd, Bun gives the bare
 * target, which routers do not understand, or puts it behind that Host with its dots still in it.
 */
export function withAbsoluteUrl(request: Request): Request {
  const { url } = request;
  const isAbsolute = url.startsWith("http://") || url.startsWith("https://");
  if (isAbsolute && URL.canParse(url)) return request;
  const path = isAbsolute ? url.slice(pathStart(url)) : url;
  const target = URL.parse(`http://unknown-host${path.startsWith("/") ? path : "/"}`);
  return new Request(target?.href ?? "http://unknown-host/", request);
}

/** Reads a request's identity: its id and trace if they are well-formed, fresh ones if not. */
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
