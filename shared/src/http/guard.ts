// What stands between a request and its route where authentication is on.
import type { AuthPolicy } from "../core/caller.ts";
import type { RequestContext } from "../telemetry/request-context.ts";
import type { HttpProblem } from "./problem.ts";
import type { RouteAccess } from "./route-access.ts";

/** Checks the tokens of requests. The service starts one if its configuration names an issuer. */
export interface Guard extends AuthPolicy {
  /**
   * Finds the caller of a request whose token was verified lately, and tells the context.
   *
   * @returns whether it did
   */
  recognize(request: Request, context: RequestContext): boolean;
  /**
   * Verifies the token of a request, and tells the context the caller. It never rejects.
   *
   * @param access what the request's route needs. Where nothing is refused, a request is responded to before
   * its token is verified if that takes long, and its outcome is found later
   * @returns why the request is refused; undefined if it is not
   */
  authenticate(
    request: Request,
    context: RequestContext,
    access: RouteAccess,
  ): HttpProblem | undefined | Promise<HttpProblem | undefined>;
  /**
   * Compares what the caller may do with what the request's route needs.
   *
   * @returns why the request is refused; undefined if it is not
   */
  authorize(context: RequestContext, access: RouteAccess): HttpProblem | undefined;
  /** Counts a request that was checked, when its response is known. */
  finished(context: RequestContext): void;
}
