// The problems that a route can respond with, as its response schemas: typed clients and the API
// document learn from them which codes each status can have.
import { Type, type TUnsafe } from "@sinclair/typebox";
import * as common from "./common-problems.ts";
import type { HttpProblem, Problem } from "./problem.ts";

// A symbol: the API document shows each problem as an example, and not as a keyword of the schema.
const problemsKey = Symbol("problems");

/** The response schema of the problems with one status. */
interface ProblemSchema<P extends HttpProblem> extends TUnsafe<
  Omit<Problem, "status" | "code"> & Pick<P, "status" | "code">
> {
  readonly [problemsKey]: readonly HttpProblem[];
}

/** The response schemas of problems, by status. */
type ProblemSchemas<P extends HttpProblem> = {
  [S in P["status"]]: ProblemSchema<Extract<P, { status: S }>>;
};

/** The problems of every route but the management routes, in the order of the API document. */
export const commonProblems = [
  common.schemaMismatch([]),
  common.internalError(),
  common.overload,
  ...Object.values(common.storageProblems),
] as const;

/** The problems of a route that reads a body. */
export const bodyProblems = [
  common.malformedBody(),
  common.slowBody,
  common.bodyTooLarge(1_048_576),
  common.wrongMediaType("POST"),
  common.wrongCoding,
  common.expectationFailed,
  common.noRoomForBody,
] as const;

type CommonProblem = (typeof commonProblems)[number];
type BodyProblem = (typeof bodyProblems)[number];

function toSchemas<P extends HttpProblem>(problems: readonly P[]): ProblemSchemas<P> {
  const byStatus = Map.groupBy(problems, ({ status }) => status);
  const schemas = Array.from(byStatus, ([status, sameStatus]) => {
    // Elysia checks what handlers return. A problem is thrown, and becomes a Response of its own.
    return [status, { ...Type.Any(), [problemsKey]: sameStatus }] as const;
  });
  // The type of Object.fromEntries does not keep the keys.
  return Object.fromEntries(schemas) as unknown as ProblemSchemas<P>;
}

/** The response schemas of a route without a body: of its own problems and the common ones. */
export function problems<P extends readonly HttpProblem[]>(
  ...own: P
): ProblemSchemas<P[number] | CommonProblem> {
  return toSchemas([...own, ...commonProblems]);
}

/** The response schemas of a route with a body: {@link problems}, and those of reading the body. */
export function problemsWithBody<P extends readonly HttpProblem[]>(
  ...own: P
): ProblemSchemas<P[number] | BodyProblem | CommonProblem> {
  return toSchemas([...own, ...bodyProblems, ...commonProblems]);
}

/** The problems that a response schema stands for; undefined for the schema of a success. */
export function problemsOf(schema: object): readonly HttpProblem[] | undefined {
  return problemsKey in schema ? (schema as ProblemSchema<HttpProblem>)[problemsKey] : undefined;
}
