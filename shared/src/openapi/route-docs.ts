// What a route tells the API document that its schemas do not show.
import type { DocumentDecoration } from "elysia";
import type { ProblemStatus } from "../http/problem.ts";

/** The facts about a route that its schemas do not show. */
export interface RouteFacts {
  /**
   * The route is about one resource that has an `ETag`: `GET` heeds `If-None-Match` (304), the
   * methods that change it heed `If-Match` (412).
   */
  readonly conditional?: boolean;
  /** The route heeds `Idempotency-Key`. */
  readonly idempotencyKey?: boolean;
  /** The media type of its 2xx answers; JSON if left out. */
  readonly produces?: string;
  /**
   * What the route's own refusals say, by status: each becomes an example of that problem. What
   * follows from the schemas and what any route can answer (400, 405, 408, 412, 413, 415, 422, 500, 503)
   * is there without being said.
   */
  readonly problems?: Readonly<Partial<Record<ProblemStatus, string | readonly string[]>>>;
}

/** A route as the reader of the API document meets it. */
export interface RouteDocs extends RouteFacts {
  /** Unique in the service: the name of the call in generated clients. */
  readonly operationId: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** CommonMark. */
  readonly description?: string;
  /** The group that the route is listed in; {@link managementTag} for those about the service. */
  readonly tag: string;
}

/** The group of the endpoints that tell about the service itself: no overload, no storage. */
export const managementTag = "operations";

/** Carries a route's facts through the documentation plugin, which passes extensions on. */
export const factsKey = "x-route-facts";

/**
 * The `detail` of a route.
 *
 * ```ts
 * detail: describe({
 *   operationId: "getUser",
 *   summary: "Get a user",
 *   tag: "users",
 *   conditional: true,
 *   refusals: { 404: "User not found" },
 * })
 * ```
 */
export function routeDocs(route: RouteDocs): DocumentDecoration {
  const { operationId, summary, description, tag, ...facts } = route;
  const detail = {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    [factsKey]: facts,
  };
  return detail;
}
