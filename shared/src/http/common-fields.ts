// The header fields of every response.
import type { RequestContext } from "../telemetry/request-context.ts";
import { addVary, cacheControl } from "./caching.ts";
import { addCorsFields, type CorsPolicy } from "./cors.ts";

/** Gives responses their common fields. */
export type CommonFields = ReturnType<typeof commonFields>;

/**
 * Makes what gives responses their common fields.
 *
 * @param isForCaller whether responses depend on the caller's token
 */
export function commonFields(cors: CorsPolicy | undefined, isForCaller: boolean) {
  return {
    /** To those that Elysia will build: to set them on the finished response costs more. */
    set(
      headers: Record<string, string | number | string[]>,
      request: Request,
      context: RequestContext,
    ): void {
      headers["x-request-id"] = context.requestId;
      headers["x-content-type-options"] = "nosniff";
      headers["cache-control"] = cacheControl(context.method);
      if (cors) Object.assign(headers, cors.fieldsFor(request, context.path));
      if (isForCaller && !context.isManagement) {
        headers["vary"] = cors ? "Origin, Authorization" : "Authorization";
      }
      context.hasCommonFields = true;
    },
    /** To those of a finished response, which has its `Cache-Control` already. */
    add(headers: Headers, request: Request, context: RequestContext): void {
      headers.set("x-request-id", context.requestId);
      addCorsFields(headers, cors?.fieldsFor(request, context.path));
      if (isForCaller && !context.isManagement && context.route !== undefined) {
        addVary(headers, "Authorization");
      }
    },
  };
}
