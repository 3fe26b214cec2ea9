// What a refusal has to be beyond what its schema says.
import type { FieldError, Problem } from "../../shared/src/http/problem.ts";
import type { RawResponse } from "./raw-response.ts";

/** The most that is sent back of what a client sent. */
const longestEcho = 100;

/** What only the inside of a service knows: stacks, files, statements. */
const inside =
  /\n\s+at |\.[jt]s:\d|\$bunfs|node_modules|\/tmp\/|sqlite|bun:|elysia|typebox|\b(?:SELECT|INSERT|UPDATE|DELETE) [A-Za-z]+ /i;

/** The body of a refusal. */
export function problemOf({ body }: RawResponse): Problem {
  return JSON.parse(body.toString()) as Problem;
}

/** The places that a refusal names. */
export function placesOf(answer: RawResponse): Omit<FieldError, "detail">[] {
  return (problemOf(answer).errors ?? []).map((fault) => {
    const { detail: _, ...place } = fault;
    return place;
  });
}

function faultFaults(fault: FieldError): string[] {
  const { detail, ...place } = fault;
  const faults: string[] = [];
  if (Object.keys(place).length !== 1) faults.push(`${JSON.stringify(fault)} names no one place`);
  if (detail === "") faults.push("A fault is not explained");
  const echo = /, found (.*)$/s.exec(detail)?.[1] ?? "";
  if (echo.length > longestEcho) faults.push(`${echo.length} characters are sent back`);
  return faults;
}

/** What is wrong with a refusal; nothing if it is a proper one, or no refusal. */
export function problemFaults(answer: RawResponse): string[] {
  if (answer.status < 400) return [];
  if (answer.headers.get("content-type") !== "application/problem+json") {
    return ["The refusal is no problem document"];
  }
  const text = answer.body.toString();
  const { title, detail, instance, errors = [] } = problemOf(answer);
  const faults = errors.flatMap(faultFaults);
  if (title === "" || detail === "") faults.push("It does not say what is wrong");
  if (answer.status === 422 && errors.length === 0) faults.push("It does not say what to change");
  if (inside.test(text)) faults.push("It tells how the service is made");
  // Each character may have become three.
  if (instance.split("/").some((segment) => segment.length > 3 * longestEcho)) {
    faults.push("A long path is sent back");
  }
  return faults;
}
