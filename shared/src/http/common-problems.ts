// The problems that any route can respond with, in one place for the service and its API document.
// Those without a value are made once: an overloaded service sends some of them often.
import { HttpProblem, type FieldError } from "./problem.ts";
import type { StorageUnavailable } from "../core/storage.ts";

/** `Retry-After` for a client that was rejected for lack of capacity, in seconds. */
export const retryAfterOneSecond = { "retry-after": "1" };

/** No route has this path. @param hint the end of the detail, if there is more to say */
export function unknownPath(hint = ""): HttpProblem {
  return new HttpProblem(404, `No such path${hint}`);
}

/** A route has this path, but none has it with this method. */
export function unknownMethod(methods: readonly string[]): HttpProblem {
  const allow = methods.join(", ");
  return new HttpProblem(405, `Allowed methods: ${allow}`, { headers: { allow } });
}

const shed = { headers: retryAfterOneSecond, isShed: true };

/** Too many requests are in flight. */
export const overload = new HttpProblem(503, "Too many requests at once", shed);

/** The storage was busy for too long, is full, or its file was removed. */
export function storageProblem(reason: StorageUnavailable["reason"]): HttpProblem {
  return new HttpProblem(503, `Storage is ${reason}`, shed);
}

/** The body is larger than the service allows. */
export function bodyTooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, `Body is larger than the ${maxBytes} bytes allowed`);
}

// Without it, the server would read the rest of the abandoned body as the next request.
const closing = { connection: "close" };

/** The body did not arrive in time. */
export const slowBody = new HttpProblem(408, "Body did not arrive in time", { headers: closing });

/** The arriving bodies take too much memory together. */
export const noRoomForBody = new HttpProblem(503, "Too many large bodies at once", {
  headers: { ...retryAfterOneSecond, ...closing },
  isShed: true,
});

/** The Content-Type is not JSON. */
export const wrongMediaType = new HttpProblem(
  415,
  "Body must be sent with Content-Type: application/json",
);

/** The body has a Content-Encoding, such as gzip. */
export const wrongCoding = new HttpProblem(415, "Body must be sent without Content-Encoding");

/** The Content-Type is JSON, but the body is not. */
export function malformedBody(cause?: unknown): HttpProblem {
  return new HttpProblem(400, "Body is not valid JSON", { cause });
}

/** The body is nested too deeply. */
export function deepBody(maxDepth: number): HttpProblem {
  return new HttpProblem(400, `Body is nested more than ${maxDepth} levels deep`);
}

/** The request does not match the route's schemas. */
export function schemaMismatch(fieldErrors: readonly FieldError[]): HttpProblem {
  return new HttpProblem(422, "Request does not fit the schema", { fieldErrors });
}

/** A bug or a broken dependency. The client gets no detail; the cause goes to the log. */
export function internalError(cause?: unknown): HttpProblem {
  return new HttpProblem(500, "Something went wrong on our side", { cause });
}
