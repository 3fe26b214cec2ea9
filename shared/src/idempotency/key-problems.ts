// The problems of the `Idempotency-Key` field, for every route that heeds it.
import { retryAfterOneSecond } from "../http/common-problems.ts";
import { HttpProblem, type FieldError } from "../http/problem.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";

const header = "Idempotency-Key";

/** The field is not one well-formed key. */
export const keyMalformed = new HttpProblem(400, "key-malformed", `${header} is malformed`, {
  fieldErrors: [
    { header, detail: "Must be one key of 1 to 255 visible ASCII characters, bare or quoted" },
  ],
});

/**
 * The error of a malformed key, for the 422 of a request that has other errors too.
 *
 * @param headers the fields of the request by their names in lower case
 */
export function keyErrors(headers: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const field = headers[header.toLowerCase()];
  if (typeof field !== "string" || parseIdempotencyKey(field) !== undefined) return [];
  return keyMalformed.fieldErrors ?? [];
}

/** The first request with the key has no result yet. */
export const keyInProgress = new HttpProblem(
  409,
  "key-in-progress",
  `A request with this ${header} is still being processed`,
  { headers: retryAfterOneSecond },
);

/** The key belongs to a request with another body. */
export const keyReused = new HttpProblem(
  422,
  "key-reused",
  `This ${header} was used with another body`,
  { fieldErrors: [{ header, detail: "Must be new for another body" }] },
);

/** The problems of the key, for the responses of a route that heeds it. */
export const keyProblems = [keyMalformed, keyInProgress, keyReused] as const;
