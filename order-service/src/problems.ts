// What a client of order-service gets where the domain refuses a request.
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { retryAfterOneSecond } from "@platform/shared/http/common-problems";
import { preconditionProblems } from "@platform/shared/http/etag";
import { HttpProblem } from "@platform/shared/http/problem";
import { OrderNotFound, StatusConflict } from "./orders/order.ts";
import { UserCheckFailed, type FailedCheck } from "./orders/place-order.ts";
import type { UserCheck } from "./user-service/user-directory.ts";

/** No order has the id, or the caller must not see that order. */
export const orderNotFound = new HttpProblem(404, "order-not-found", "Order not found");

/** The request's `If-Match` or `If-None-Match` does not accept the order's state. */
export const orderPreconditions = preconditionProblems("Order has changed");

/** The order cannot go from its status to the one asked for. @param detail names both */
export function statusConflict(detail: string) {
  return new HttpProblem(409, "status-conflict", detail);
}

/** @param logReason the word in the log, which tells operators more than the response tells clients */
const userServiceUnavailable = (logReason?: UserCheck) =>
  new HttpProblem(503, "user-service-unavailable", "User service unavailable", {
    headers: retryAfterOneSecond,
    ...(logReason && { logReason }),
  });

/** The problems of orders that were not placed, as clients see them. */
export const userCheckProblems = {
  unknown: new HttpProblem(400, "user-unknown", "User does not exist"),
  failed: new HttpProblem(502, "user-check-failed", "Failed to validate user"),
  unavailable: userServiceUnavailable(),
};

/** The problems by the result of the user check. */
const problemOfCheck: Readonly<Record<FailedCheck, HttpProblem>> = {
  ...userCheckProblems,
  "circuit-open": userServiceUnavailable("circuit-open"),
  "queue-full": userServiceUnavailable("queue-full"),
};

/** The problem that an error of the domain becomes; undefined for a bug, which becomes a 500. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof OrderNotFound) return orderNotFound;
  if (error instanceof UserCheckFailed) return problemOfCheck[error.check];
  if (error instanceof StatusConflict) return statusConflict(error.message);
  if (error instanceof PreconditionFailed) return orderPreconditions[error.reason];
  return undefined;
}
