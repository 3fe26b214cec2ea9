// The spans of a request, with the attributes of OpenTelemetry's conventions, and without personal data:
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
import { StorageUnavailable, type StorageObserver, type WriteSettled } from "../core/storage.ts";
import type { Tracer } from "../core/tracer.ts";
import { shownPath } from "./access-log.ts";
import { knownMethods } from "./http-metrics.ts";
import { currentRequest, type RequestContext } from "./request-context.ts";
import { newSpanId, type RequestSpan } from "./trace-context.ts";

/** How a request ended. */
interface Outcome {
  /** The URL that the request had, with the address that the client has called. */
  readonly url: string;
  readonly status: number;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Monotonic ms. */
  readonly endedAt: number;
}

interface ServerAddress {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** The service itself speaks http. */
const defaultPort = 80;

let latestOrigin = "";
let latestServer: ServerAddress = { address: undefined, port: undefined };

/** The address that clients called, parsed once for each change of it: mostly all clients call the same. */
function serverOf(url: string): ServerAddress {
  const origin = url.slice(0, url.indexOf("/", url.indexOf("://") + 3));
  if (origin !== latestOrigin) {
    // Without the user name and the password that a Host field may have in front.
    const { hostname: address, port = "" } = URL.parse(origin) ?? {};
    latestOrigin = origin;
    latestServer = { address, port: port === "" ? defaultPort : Number(port) };
  }
  return latestServer;
}

/** The class of an error, as `error.type` has it: of low cardinality, and without its message. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof StorageUnavailable) return error.reason;
  return error instanceof Error ? error.name : typeof error;
}

/** Records a finished request. @param span the request's, whose trace is sampled */
export function recordRequest(
  tracer: Tracer,
  span: RequestSpan,
  { method, path, route, error, logReason }: RequestContext,
  { url, status, startedAt, endedAt }: Outcome,
): void {
  const isKnown = knownMethods.has(method);
  const verb = isKnown ? method : "HTTP";
  const { address, port } = serverOf(url);
  const failure = error === undefined ? (logReason ?? String(status)) : errorTypeOf(error);
  tracer.record({
    name: route === undefined ? verb : `${verb} ${route}`,
    kind: "server",
    context: span,
    parentSpanId: span.parentSpanId,
    startedAt,
    endedAt,
    attributes: {
      "http.request.method": isKnown ? method : "_OTHER",
      "http.route": route,
      "http.response.status_code": status,
      "url.path": shownPath(path),
      "url.scheme": "http",
      "server.address": address,
      "server.port": port,
    },
    errorType: status >= 500 ? failure : undefined,
  });
}

/**
 * Records a span for each write of a request whose trace is sampled, from the queue to the commit, so
 * that it shows how long the write waited for a lock.
 */
export function writeSpans(tracer: Tracer): NonNullable<StorageObserver["writeQueued"]> {
  return (system): WriteSettled | undefined => {
    const parent = currentRequest.getStore()?.trace.span;
    if (parent === undefined) return undefined;
    const startedAt = performance.now();
    return (writes, error) => {
      tracer.record({
        name: "write",
        kind: "internal",
        context: { traceId: parent.traceId, spanId: newSpanId() },
        parentSpanId: parent.spanId,
        startedAt,
        endedAt: performance.now(),
        attributes: {
          "db.system.name": system,
          "db.operation.name": "write",
          // By the convention a single operation is no batch of 1.
          "db.operation.batch.size": writes > 1 ? writes : undefined,
        },
        errorType: error === undefined ? undefined : errorTypeOf(error),
      });
    };
  };
}
