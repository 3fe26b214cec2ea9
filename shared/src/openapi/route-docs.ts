// Documentation that a route gives beside its schemas.
import type { DocumentDecoration } from "elysia";

/** The behaviour of a route that its schemas do not show. */
export interface RouteBehaviour {
  /**
   * The route is about one resource that has an `ETag`: `GET` evaluates `If-None-Match` (304), the
   * methods that change the resource evaluate `If-Match` (412). Default: false.
   */
  readonly conditional?: boolean;
  /** The route accepts an `Idempotency-Key`. Default: false. */
  readonly idempotencyKey?: boolean;
  /**
   * The scope that a caller needs where authentication is on; of several, any. Every route needs one but
   * the management routes. A service with a route without a scope does not start.
   */
  readonly scope?: string | readonly string[];
  /** Whether persons may not use it, whatever their scopes. Default: false. */
  readonly programsOnly?: boolean;
  /** Whether a person may name another user in the request, which is 403. Default: false. */
  readonly namesUser?: boolean;
  /** The media type of its 2xx responses. Default: `application/json`. */
  readonly produces?: string;
}

/** The documentation of a route. */
export interface RouteDocs extends RouteBehaviour {
  /** Unique in the service; generated clients name their function after it. */
  readonly operationId: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** In CommonMark. */
  readonly description?: string;
  /** The API reference groups routes by tag. Management routes have {@link managementTag}. */
  readonly tag: string;
}

/**
 * The tag of the management routes, which load shedding skips and which respond also while the storage
 * does not. Clients see it in the API document.
 */
export const managementTag = "operations";

/**
 * Makes the `detail` of a route.
 *
 * ```ts
 * detail: routeDocs({
 *   operationId: "getUser",
 *   summary: "Get a user",
 *   tag: "users",
 *   scope: "users:read",
 *   conditional: true,
 * })
 * ```
 */
export function routeDocs({ tag, ...docs }: RouteDocs): DocumentDecoration {
  // @elysiajs/swagger copies every member into its document, even those that OpenAPI does not have.
  // toOperation() reads them there.
  return { ...docs, tags: [tag] };
}

/** Whether a route with this `detail` accepts an `Idempotency-Key`. */
export function heedsKey(detail: object = {}): boolean {
  return "idempotencyKey" in detail && detail.idempotencyKey === true;
}
