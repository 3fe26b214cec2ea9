// One line per finished request, without anything that tells who it was about.
import type { Logger } from "./logger.ts";
import type { RequestContext } from "./request-context.ts";

/** An @ as it is, or encoded once or more often. */
const atSign = /@|%(?:25)*40/;

/**
 * The path as it may be logged: a segment that looks like an e-mail address was put there by
 * mistake, and is nobody's business.
 */
function loggedPath(path: string): string {
  if (!atSign.test(path)) return path;
  return path
    .split("/")
    .map((segment) => (atSign.test(segment) ? "…" : segment))
    .join("/");
}

/** Longer paths are noise, or an attack on the log. */
const longestPath = 1000;

/** Writes the line of a finished request. */
export function logRequest(
  logger: Logger,
  context: RequestContext,
  {
    status,
    durationMs,
    isOperations,
  }: { status: number; durationMs: number; isOperations: boolean },
): void {
  const { method, path, route, error } = context;
  const level = levelOf(status, error, isOperations);
  if (!logger.isLevelEnabled(level)) return;
  logger[level](
    {
      method,
      route: route ?? "unmatched",
      path: loggedPath(path).slice(0, longestPath),
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      ...(error === undefined ? {} : { err: error }),
    },
    "request",
  );
}

/** A 5xx without an error is a request that was shed. */
function levelOf(
  status: number,
  error: unknown,
  isOperations: boolean,
): "debug" | "info" | "warn" | "error" {
  if (status >= 500 && error !== undefined) return "error";
  if (isOperations) return "debug";
  return status >= 500 ? "warn" : "info";
}
