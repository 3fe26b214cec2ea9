// The problems that any route can answer with, said in one place for the service and for its API
// document.
import { HttpProblem, type FieldError } from "./problem.ts";
import type { StorageUnavailable } from "../core/storage.ts";

/** How long a client should wait when it was refused for want of capacity, as `Retry-After`. */
export const retryAfterOneSecond = { "retry-after": "1" };

/** No route has this path. */
export function unknownPath(): HttpProblem {
  return new HttpProblem(404, "No such path");
}

/** The path is known, but not with this method. */
export function unknownMethod(methods: readonly string[]): HttpProblem {
  const allow = methods.join(", ");
  return new HttpProblem(405, `Allowed methods: ${allow}`, { headers: { allow } });
}

/** Too many requests are being answered already. Made once: under overload every effort counts. */
export const overload = new HttpProblem(503, "Too many requests at once", {
  headers: retryAfterOneSecond,
  isShed: true,
});

/** The storage was busy for too long, has no room, or was taken away. */
export function storageProblem(reason: StorageUnavailable["reason"]): HttpProblem {
  return new HttpProblem(503, `Storage is ${reason}`, {
    headers: retryAfterOneSecond,
    isShed: true,
  });
}

/** The body is larger than this service takes. */
export function bodyTooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, `Body is larger than the ${maxBytes} bytes allowed`);
}

// The rest of a body that was given up would be taken for the next request.
const closing = { connection: "close" };

/** The body did not arrive in time. */
export function slowBody(): HttpProblem {
  return new HttpProblem(408, "Body did not arrive in time", { headers: closing });
}

/** There is no room for all the bodies that are arriving. */
export function noRoomForBody(): HttpProblem {
  return new HttpProblem(503, "Too many large bodies at once", {
    headers: { ...retryAfterOneSecond, ...closing },
    isShed: true,
  });
}

/** The body is not said to be JSON. */
export function wrongMediaType(): HttpProblem {
  return new HttpProblem(415, "Body must be sent with Content-Type: application/json");
}

/** The body is compressed, or otherwise coded. */
export function wrongCoding(): HttpProblem {
  return new HttpProblem(415, "Body must be sent without Content-Encoding");
}

/** The body is said to be JSON, and is not. */
export function malformedBody(cause?: unknown): HttpProblem {
  return new HttpProblem(400, "Body is not valid JSON", { cause });
}

/** The body is JSON, but nobody means it. */
export function deepBody(deepest: number): HttpProblem {
  return new HttpProblem(400, `Body is nested more than ${deepest} levels deep`);
}

/** The request does not fit the route's schemas. */
export function schemaMismatch(fieldErrors: readonly FieldError[]): HttpProblem {
  return new HttpProblem(422, "Request does not fit the schema", { fieldErrors });
}

/** Something failed that should not; the cause is for the log alone. */
export function internalError(cause?: unknown): HttpProblem {
  return new HttpProblem(500, "Something went wrong on our side", { cause });
}
