// The access log: one line per finished request, without personal data.
import type { Logger } from "./logger.ts";
import { unmatchedRoute } from "./http-metrics.ts";
import { checkedCaller, type RequestContext } from "./request-context.ts";

/** An @ as it is, or percent-encoded once or more often. */
const atSign = /@|%(?:25)*40/;

/** The path without segments that look like an e-mail address, which a client put there by mistake. */
function withoutAddresses(path: string): string {
  if (!atSign.test(path)) return path;
  return path
    .split("/")
    .map((segment) => (atSign.test(segment) ? "…" : segment))
    .join("/");
}

/** Characters of a path that are shown: longer paths are noise, or an attack on the log. */
const maxPathLength = 1000;

/** Most paths: they are shown as they are, and JSON needs no escapes in them. */
const plainPath = /^[\w./~-]{1,1000}$/;

/** The path as logs and spans show it: without personal data, and cut. */
export function shownPath(path: string): string {
  return withoutAddresses(path).slice(0, maxPathLength);
}

/** How a request ended. */
interface Outcome {
  readonly status: number;
  readonly durationMs: number;
}

/** The level of a request's line. A 5xx without an error is a refusal. */
function levelOf({ error, isManagement }: RequestContext, status: number) {
  if (status >= 500 && error !== undefined) return "error";
  if (isManagement) return "debug";
  return status >= 500 ? "warn" : "info";
}

/**
 * Writes the line of a finished request, with the error if the context has one.
 *
 * Without an error, the fields are put together here, in a fifth of the time that pino takes (0.3
 * instead of 1.5 µs): this is the one line that every request writes. A test compares it with pino's.
 */
export function logRequest(
  logger: Logger,
  request: RequestContext,
  { status, durationMs }: Outcome,
): void {
  const { method, path, route = unmatchedRoute, error, logReason, requestId, trace } = request;
  const level = levelOf(request, status);
  if (!logger.isLevelEnabled(level)) return;
  const isPlain = plainPath.test(path);
  const loggedPath = isPlain ? path : shownPath(path);
  const duration_ms = Math.round(durationMs * 1000) / 1000;
  if (error !== undefined) {
    const fields = { method, route, path: loggedPath, status, duration_ms, err: error };
    logger[level](fields, "request");
    return;
  }
  const reason = logReason === undefined ? "" : `"reason":"${logReason}",`;
  const { traceId, span } = trace;
  const client = checkedCaller(request)?.clientNameJson;
  // A method is a token (RFC 9110, 9.1), so JSON needs no escapes in it.
  logger.writeFields(
    level,
    Math.trunc(request.startedAtUnixMs + durationMs),
    `"request_id":"${requestId}","trace_id":"${traceId}",` +
      (span === undefined ? "" : `"span_id":"${span.spanId}",`) +
      (client === undefined ? "" : `"caller":${client},`) +
      `"method":"${method}","route":"${route}",` +
      `"path":${isPlain ? `"${path}"` : JSON.stringify(loggedPath)},` +
      `"status":${status},${reason}"duration_ms":${duration_ms},"msg":"request"`,
  );
}
