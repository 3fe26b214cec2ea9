// The series that alerts on requests compare, from the start of a service. Prometheus sees no increase in
// a series that begins at 1, so an alert would miss the first failure.
import type { HttpMetrics } from "../telemetry/http-metrics.ts";
import { routeTemplate } from "./route-matcher.ts";

/** An Elysia route, as far as its metrics need it. */
export interface CountedRoute {
  readonly method: string;
  readonly path: string;
  /** `response` has the schemas of its responses by status. */
  readonly hooks: { readonly response?: Readonly<Record<string, unknown>> };
}

/** How every route can fail: by a bug, or while the storage cannot work. */
const failures = [500, 503];

/** Begins the series of each route's successes and failures at 0. */
export function startAlertSeries(
  metrics: Pick<HttpMetrics, "startAtZero">,
  routes: readonly CountedRoute[],
): void {
  for (const { method, path, hooks } of routes) {
    const declared = Object.keys(hooks.response ?? {}).map(Number);
    const compared = declared.filter((status) => status < 300 || status >= 500);
    metrics.startAtZero(method, routeTemplate(path), [...compared, ...failures]);
  }
}
