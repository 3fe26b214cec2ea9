// The problems that any route can respond with, in one place for the service and its API document.
// Those without a value are made once: an overloaded service sends some of them often.
import type { StorageUnavailable } from "../core/storage.ts";
import { storageLogReason, type ShedReason } from "../telemetry/http-metrics.ts";
import { HttpProblem, type FieldError } from "./problem.ts";

/** `Retry-After` for a client that was rejected for lack of capacity, in seconds. */
export const retryAfterOneSecond = { "retry-after": "1" };

/** No route has this path. @param hint the end of the detail, if there is more to say */
export function unknownPath(hint = "") {
  return new HttpProblem(404, "not-found", `No such path${hint}`);
}

/** A route has this path, but none has it with this method. */
export function unknownMethod(methods: readonly string[]) {
  const allow = methods.join(", ");
  return new HttpProblem(405, "method-not-allowed", `Allowed methods: ${allow}`, {
    headers: { allow },
  });
}

/** Too many requests are in flight. */
export const overload = new HttpProblem(503, "overloaded", "Too many requests at once", {
  headers: retryAfterOneSecond,
  logReason: "in-flight-limit" satisfies ShedReason,
});

type StorageReason = StorageUnavailable["reason"];

/** The problem of a storage that cannot do its work for this reason. */
const storageProblem = <C extends string>(reason: StorageReason, code: C, detail: string) =>
  new HttpProblem(503, code, detail, {
    headers: retryAfterOneSecond,
    logReason: storageLogReason(reason),
  });

/** The storage cannot do its work now; see {@link StorageUnavailable}. */
export const storageProblems = {
  busy: storageProblem("busy", "storage-busy", "Storage is busy"),
  full: storageProblem("full", "storage-full", "Storage is full"),
  gone: storageProblem("gone", "storage-unavailable", "Storage is gone"),
  unreachable: storageProblem("unreachable", "storage-unavailable", "Storage cannot be reached"),
  interrupted: storageProblem(
    "interrupted",
    "storage-unavailable",
    "Storage was lost during the request; what it asked for may have been stored",
  ),
} satisfies Record<StorageReason, HttpProblem>;

/** The body is larger than the service allows. */
export function bodyTooLarge(maxBytes: number) {
  const detail = `Body is larger than the ${maxBytes} bytes allowed`;
  return new HttpProblem(413, "body-too-large", detail);
}

// Without it, the server would read the rest of the abandoned body as the next request.
const closing = { connection: "close" };

/** The body did not arrive in time. */
export const slowBody = new HttpProblem(408, "body-timeout", "Body did not arrive in time", {
  headers: closing,
});

/** The arriving bodies take too much memory together. */
export const noRoomForBody = new HttpProblem(503, "overloaded", "Too many large bodies at once", {
  headers: { ...retryAfterOneSecond, ...closing },
  logReason: "body-memory" satisfies ShedReason,
});

const jsonType = "application/json";

/** A 415 whose header field names the media type that a body must have. */
const notJson = (field: "accept" | "accept-patch") =>
  new HttpProblem(
    415,
    "unsupported-media-type",
    `Body must be sent with Content-Type: ${jsonType}`,
    { headers: { [field]: jsonType } },
  );

const notJsonInPatch = notJson("accept-patch");
const notJsonElsewhere = notJson("accept");

/**
 * The Content-Type is not JSON. The response to PATCH names JSON in `Accept-Patch` (RFC 5789, 2.2), the
 * response to another method in `Accept` (RFC 9110, 15.5.16).
 */
export function wrongMediaType(method: string) {
  return method === "PATCH" ? notJsonInPatch : notJsonElsewhere;
}

/** The body has a Content-Encoding, such as gzip. `Accept-Encoding` says so (RFC 9110, 12.5.3). */
export const wrongCoding = new HttpProblem(
  415,
  "unsupported-encoding",
  "Body must be sent without Content-Encoding",
  { headers: { "accept-encoding": "identity" } },
);

/** The client waits for a 100 (Continue) that the server does not send. */
export const expectationFailed = new HttpProblem(
  417,
  "expectation-failed",
  "Expect: 100-continue is served in lower case only; send the request without Expect",
  { headers: closing },
);

/** The Content-Type is JSON, but the body is not. */
export function malformedBody(cause?: unknown) {
  return new HttpProblem(400, "malformed-json", "Body is not valid JSON", { cause });
}

/** The body is nested too deeply. */
export function deepBody(maxDepth: number) {
  const detail = `Body is nested more than ${maxDepth} levels deep`;
  return new HttpProblem(400, "malformed-json", detail);
}

/** The request does not match the route's schemas. */
export function schemaMismatch(fieldErrors: readonly FieldError[]) {
  return new HttpProblem(422, "validation-failed", "Request does not fit the schema", {
    fieldErrors,
  });
}

/** A bug or a broken dependency. The client gets no detail; the cause goes to the log. */
export function internalError(cause?: unknown) {
  return new HttpProblem(500, "internal", "Something went wrong on our side", { cause });
}
