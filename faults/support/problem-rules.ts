// What a problem document must be beyond what its schema says.
import type { FieldError, Problem } from "../../shared/src/http/problem.ts";
import type { RawResponse } from "./raw-response.ts";

/** How many characters of a client's value a service may send back. */
const maxEcho = 100;

/** Words of a service's internals: stacks, files, SQL statements. */
const internals =
  /\n\s+at |\.[jt]s:\d|\$bunfs|node_modules|\/tmp\/|sqlite|bun:|elysia|typebox|\b(?:SELECT|INSERT|UPDATE|DELETE) [A-Za-z]+ /i;

/** The body of an error response. */
export function problemOf({ body }: RawResponse): Problem {
  return JSON.parse(body.toString()) as Problem;
}

/** The places of a problem's field errors. */
export function placesOf(response: RawResponse): Omit<FieldError, "detail">[] {
  return (problemOf(response).errors ?? []).map((error) => {
    const { detail: _, ...place } = error;
    return place;
  });
}

function fieldErrorViolations(error: FieldError): string[] {
  const { detail, ...place } = error;
  const violations: string[] = [];
  if (Object.keys(place).length !== 1) violations.push(`Not one place: ${JSON.stringify(error)}`);
  if (detail === "") violations.push("A field error has no detail");
  const echo = /, found (.*)$/s.exec(detail)?.[1] ?? "";
  if (echo.length > maxEcho) violations.push(`${echo.length} characters are sent back`);
  return violations;
}

/** What is wrong with an error response; nothing if it is correct, or not an error. */
export function problemViolations(response: RawResponse): string[] {
  if (response.status < 400) return [];
  if (response.headers.get("content-type") !== "application/problem+json") {
    return ["The error response is not a problem document"];
  }
  const text = response.body.toString();
  const { title, code, detail, instance, errors = [] } = problemOf(response);
  const violations = errors.flatMap(fieldErrorViolations);
  if (!/^[a-z]+(?:-[a-z]+)*$/.test(code)) violations.push("It has no code");
  if (title === "" || detail === "") violations.push("It does not say what is wrong");
  if (response.status === 422 && errors.length === 0) violations.push("It names no field");
  if (internals.test(text)) violations.push("It shows the service's internals");
  if (instance.split("/").some((segment) => segment.length > maxEcho)) {
    violations.push("A long path is sent back");
  }
  if (/%(?![0-9A-F]{2})/i.test(instance)) violations.push("A path is cut inside of a triplet");
  return violations;
}
