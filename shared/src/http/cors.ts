// CORS: the permission of scripts of other origins. Without it a browser does not send some of their
// requests, and does not let them read responses (https://fetch.spec.whatwg.org/#http-cors-protocol).
//
// docs/decisions/tried-and-dropped.md says why @elysiajs/cors does not do this.
import { addVary, uncached } from "./caching.ts";

/** The request fields that services read and that a browser sends only with permission. */
const allowedHeaders = [
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "X-Request-Id",
  "traceparent",
  "tracestate",
];

/** The response fields that a browser shows to a script only with permission. */
const exposedHeaders = [
  "Accept",
  "Accept-Encoding",
  "Accept-Patch",
  "Allow",
  "ETag",
  "Idempotent-Replayed",
  "Link",
  "Location",
  "Retry-After",
  "X-Request-Id",
];

/** How long a browser may keep the permission: two hours, the most that Chromium accepts. */
const maxAgeSeconds = "7200";

/** What scripts of other origins may do. */
export interface CorsPolicy {
  /**
   * The response to a preflight request, by which a browser asks whether a script may send another
   * request: the permission, or 204 without one for an origin that is not allowed.
   *
   * @param allow returns the methods of the path, as in `Allow`; undefined if no route has the path
   * @returns undefined if the request is no preflight, or its path is unknown or closed to scripts
   */
  preflightResponse(
    request: Request,
    path: string,
    allow: () => string | undefined,
  ): Response | undefined;
  /**
   * The fields of the response to this request, which say whether its script may read it; undefined
   * for a path that is closed to scripts. `Vary` is in every response, since a cache must not give one
   * origin the response to another.
   */
  fieldsFor(request: Request, path: string): Readonly<Record<string, string>> | undefined;
}

/**
 * Makes the policy of a service. It allows no credentials, and every method of a path.
 *
 * @param origins the allowed origins, as browsers write them; none: undefined, which costs nothing
 * @param isOpenPath whether scripts of these origins may read responses of this path
 * @param hasTokens whether requests carry tokens, which scripts send and whose refusals they read.
 * Default: false
 */
export function corsPolicy(
  origins: readonly string[],
  isOpenPath: (path: string) => boolean,
  hasTokens = false,
): CorsPolicy | undefined {
  if (origins.length === 0) return undefined;
  const allowed = [...(hasTokens ? ["Authorization"] : []), ...allowedHeaders].join(", ");
  const exposed = [...exposedHeaders, ...(hasTokens ? ["WWW-Authenticate"] : [])].join(", ");
  const fieldsForOthers = { vary: "Origin" };
  const fieldsByOrigin = new Map(
    origins.map((origin) => [
      origin,
      {
        ...fieldsForOthers,
        "access-control-allow-origin": origin,
        "access-control-expose-headers": exposed,
      },
    ]),
  );

  return {
    preflightResponse({ method, headers }, path, allow) {
      if (method !== "OPTIONS" || !isOpenPath(path)) return undefined;
      const origin = headers.get("origin");
      if (origin === null || !headers.has("access-control-request-method")) return undefined;
      const methods = allow();
      if (methods === undefined) return undefined;
      const permission = {
        "access-control-allow-methods": methods,
        "access-control-allow-headers": allowed,
        "access-control-max-age": maxAgeSeconds,
      };
      return new Response(null, {
        status: 204,
        headers: { ...uncached, ...(fieldsByOrigin.has(origin) ? permission : {}) },
      });
    },
    fieldsFor({ headers }, path) {
      if (!isOpenPath(path)) return undefined;
      return fieldsByOrigin.get(headers.get("origin") ?? "") ?? fieldsForOthers;
    },
  };
}

/** Adds the fields of {@link CorsPolicy.fieldsFor} to a finished response, which may have them already. */
export function addCorsFields(
  response: Headers,
  { vary, ...fields }: Readonly<Record<string, string>> = {},
): void {
  for (const [name, value] of Object.entries(fields)) response.set(name, value);
  if (vary !== undefined) addVary(response, vary);
}
