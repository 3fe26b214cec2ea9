// The problems that a route can answer with, each with an example made as the service makes it.
import type { TSchema } from "@sinclair/typebox";
import {
  bodyTooLarge,
  internalError,
  malformedBody,
  noRoomForBody,
  overload,
  schemaMismatch,
  slowBody,
  storageProblem,
  unknownMethod,
  wrongCoding,
  wrongMediaType,
} from "../http/common-problems.ts";
import { validationErrors, type RequestSchemas } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import type { Example, Json, MediaType } from "./types.ts";
import {
  HttpProblem,
  problemResponse,
  type FieldError,
  type ProblemStatus,
} from "../http/problem.ts";

/** One reason for a status. */
interface Cause {
  readonly detail: string;
  /** What to say instead of `detail` where causes are listed. */
  readonly when?: string;
  readonly fieldErrors?: readonly FieldError[] | undefined;
}

/** The reasons for which a route refuses requests, by status. */
export function refusalsOf(route: DocumentedRoute): Map<ProblemStatus, Cause[]> {
  const causes = new Map<ProblemStatus, Cause[]>();
  const add = (status: ProblemStatus, ...more: Cause[]) =>
    causes.set(status, [...(causes.get(status) ?? []), ...more]);

  const { method, schemas, behaviour, isManagement, methods } = route;
  for (const [status, details] of Object.entries(behaviour.problems ?? {})) {
    // The keys of refusals are statuses, which Object.entries gives as strings.
    add(Number(status) as ProblemStatus, ...[details].flat().map((detail) => ({ detail })));
  }
  if (schemas.body) {
    add(400, malformedBody());
    add(408, slowBody());
    add(413, { detail: bodyTooLarge(1_048_576).detail, when: "Body is larger than allowed" });
    add(415, wrongMediaType(), wrongCoding());
  }
  const fieldErrors = exampleFaults(schemas);
  if (fieldErrors.length > 0) add(422, schemaMismatch(fieldErrors));
  add(405, { detail: unknownMethod(methods).detail, when: "Any other method on this path" });
  if (behaviour.conditional === true && method !== "get" && !causes.has(412)) {
    add(412, { detail: "The resource has changed" });
  }
  if (!isManagement) {
    add(500, internalError());
    add(503, overload, ...(["busy", "full", "gone"] as const).map(storageProblem));
    if (schemas.body) add(503, noRoomForBody());
  }
  return causes;
}

/** What is wrong with a request that gives every field a value that hardly anything accepts. */
function exampleFaults(schemas: RequestSchemas): FieldError[] {
  const wrong = (schema: TSchema | undefined) =>
    Object.fromEntries(Object.keys(schema?.properties ?? {}).map((name) => [name, "abc"]));
  const { params, query, headers, body } = schemas;
  const request = { params: wrong(params), query: wrong(query), headers: wrong(headers), body: {} };
  const fieldErrors = validationErrors(schemas, request);
  // A body whose members are all optional accepts an empty object.
  return body && !fieldErrors.some(({ pointer }) => pointer !== undefined)
    ? validationErrors(schemas, { ...request, body: [] })
    : fieldErrors;
}

/** The text of a status and examples of its body, as they would be answered on `path`. */
export async function describeCauses(
  status: ProblemStatus,
  causes: readonly Cause[],
  path: string,
): Promise<{ description: string; body: MediaType }> {
  const examples: Record<string, Example> = {};
  for (const { detail, fieldErrors } of causes) {
    const problem = new HttpProblem(status, detail, fieldErrors ? { fieldErrors } : {});
    const answer = problemResponse(problem, { path, requestId: exampleRequestId });
    // Written by problemResponse, just above.
    const value = (await answer.json()) as Json;
    examples[exampleKey(detail)] = { summary: detail, value };
  }
  return {
    description: causes.map(({ detail, when }) => when ?? detail).join("; "),
    body: { schema: { $ref: "#/components/schemas/Problem" }, examples },
  };
}

const exampleRequestId = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";

/** `User not found` as `user-not-found`. */
function exampleKey(detail: string): string {
  return detail
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60);
}
