// The problems of the `Idempotency-Key` field, for every route that heeds it.
import { retryAfterOneSecond } from "../http/common-problems.ts";
import { HttpProblem } from "../http/problem.ts";

const header = "Idempotency-Key";

/** The field is not one well-formed key. */
export const keyMalformed = new HttpProblem(400, "key-malformed", `${header} is malformed`, {
  fieldErrors: [
    { header, detail: "Must be one key of 1 to 255 visible ASCII characters, bare or quoted" },
  ],
});

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
