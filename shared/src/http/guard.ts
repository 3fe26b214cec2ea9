// What stands between a request and its route where authentication is on.
import type { RequestContext } from "../telemetry/request-context.ts";
import type { HttpProblem } from "./problem.ts";
import type { RouteAccess } from "./route-access.ts";

/** Checks the tokens of requests. The service starts one if its configuration names an issuer. */
export interface Guard {
  /** The name of the service, which refusals have as `realm`. */
  readonly realm: string;
  /** Whether requests are refused; otherwise they are only counted. */
  readonly isEnforced: boolean;
  /**
   * Checks the token of a request to a guarded route before its body is read, and tells the context
   * the caller. It never rejects.
   *
   * @returns why the request is refused; undefined if it is not. A promise only where the token was not
   * verified lately
   */
  check(
    request: Request,
    context: RequestContext,
    access: RouteAccess,
  ): HttpProblem | undefined | Promise<HttpProblem | undefined>;
  /** Counts a request that was checked, when its response is known. */
  finished(context: RequestContext): void;
}
