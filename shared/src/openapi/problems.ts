// The problems that a route can have, each with an example made the way the service makes it.
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
import {
  HttpProblem,
  problemResponse,
  type FieldError,
  type ProblemStatus,
} from "../http/problem.ts";
import { validationErrors, type RequestSchemas } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import type { Example, Json, MediaType } from "./types.ts";

/** One of the problems that share a status. */
interface ProblemCase {
  readonly detail: string;
  /** What the description of the response says instead of `detail`. */
  readonly when?: string;
  readonly fieldErrors?: readonly FieldError[] | undefined;
}

/** The problems that a route can have, by status. */
export function possibleProblems(route: DocumentedRoute): Map<ProblemStatus, ProblemCase[]> {
  const problems = new Map<ProblemStatus, ProblemCase[]>();
  const add = (status: ProblemStatus, ...cases: ProblemCase[]) =>
    problems.set(status, [...(problems.get(status) ?? []), ...cases]);

  const { method, schemas, behaviour, isManagement, methods } = route;
  for (const [status, details] of Object.entries(behaviour.problems ?? {})) {
    // The keys of `problems` are statuses, which Object.entries gives as strings.
    add(Number(status) as ProblemStatus, ...[details].flat().map((detail) => ({ detail })));
  }
  if (schemas.body) {
    add(400, malformedBody());
    add(408, slowBody());
    add(413, { detail: bodyTooLarge(1_048_576).detail, when: "Body is larger than allowed" });
    add(415, wrongMediaType(), wrongCoding());
  }
  const fieldErrors = exampleFieldErrors(schemas);
  if (fieldErrors.length > 0) add(422, schemaMismatch(fieldErrors));
  add(405, { detail: unknownMethod(methods).detail, when: "Any other method on this path" });
  if (behaviour.conditional === true && method !== "get" && !problems.has(412)) {
    add(412, { detail: "The resource has changed" });
  }
  if (!isManagement) {
    add(500, internalError());
    add(503, overload, ...(["busy", "full", "gone"] as const).map(storageProblem));
    if (schemas.body) add(503, noRoomForBody());
  }
  return problems;
}

// Their problems depend on no route, unless routeDocs() names one.
const commonStatuses: ReadonlySet<ProblemStatus> = new Set([400, 405, 408, 413, 415, 500, 503]);

/** Whether a problem is the same in every operation that can have it. */
export function isCommonProblem({ behaviour }: DocumentedRoute, status: ProblemStatus): boolean {
  return commonStatuses.has(status) && behaviour.problems?.[status] === undefined;
}

/** The field errors of a request that has an invalid value in nearly every field. */
function exampleFieldErrors(schemas: RequestSchemas): FieldError[] {
  const invalid = (schema: TSchema | undefined) =>
    Object.fromEntries(Object.keys(schema?.properties ?? {}).map((name) => [name, "abc"]));
  const { params, query, headers } = schemas;
  const request = {
    params: invalid(params),
    query: invalid(query),
    headers: invalid(headers),
    body: {},
  };
  const fieldErrors = validationErrors(schemas, request);
  // A body whose members are all optional accepts an empty object.
  return schemas.body && !fieldErrors.some(({ pointer }) => pointer !== undefined)
    ? validationErrors(schemas, { ...request, body: [] })
    : fieldErrors;
}

/** The body of a problem's response, with the examples that the service would send for `path`. */
export async function problemMediaType(
  status: ProblemStatus,
  cases: readonly ProblemCase[],
  path: string,
): Promise<MediaType> {
  const examples: Record<string, Example> = {};
  for (const { detail, fieldErrors } of cases) {
    const problem = new HttpProblem(status, detail, fieldErrors ? { fieldErrors } : {});
    const response = problemResponse(problem, { path, requestId: exampleRequestId });
    // problemResponse() has written it as JSON.
    const value = (await response.json()) as Json;
    examples[exampleName(detail)] = { summary: detail, value };
  }
  return { schema: { $ref: "#/components/schemas/Problem" }, examples };
}

const exampleRequestId = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";

/** `User not found` as `user-not-found`. */
function exampleName(detail: string): string {
  return detail
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60);
}
