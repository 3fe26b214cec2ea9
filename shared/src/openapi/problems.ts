// The problems that a route can have, each with an example made the way the service makes it.
import type { TSchema } from "@sinclair/typebox";
import * as common from "../http/common-problems.ts";
import { HttpProblem, problem, problemResponse } from "../http/problem.ts";
import type { FieldError, ProblemStatus } from "../http/problem.ts";
import { unknownParameter } from "../http/query-string.ts";
import { validationErrors, type RequestSchemas } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { exampleRequestId, headerRefs, type ResponseHeader } from "./headers.ts";
import { managementTag } from "./route-docs.ts";
import type { Json, MediaType, Responses } from "./types.ts";

/** The responses of a route that are problems. */
export async function problemResponses(route: DocumentedRoute): Promise<Responses> {
  const { hooks, problems: documented = {}, idempotencyKey } = route;
  const problems: Partial<Record<string, HttpProblem[]>> = Object.groupBy(
    possibleProblems(route),
    ({ status }) => status,
  );
  for (const [status, schema] of Object.entries(hooks.response ?? {})) {
    // A problem without a text in routeDocs() has no description: documentErrors() lists it.
    if (schema === problem) problems[status] ??= [];
  }
  const responses: Responses = {};
  for (const [status, cases = []] of Object.entries(problems)) {
    const isCommon = commonStatuses.has(status) && !(status in documented);
    const description = cases.map(({ detail }) => detail).join("; ");
    const fields: ResponseHeader[] = ["X-Request-Id"];
    if (status === "405") fields.push("Allow");
    if (status === "503" || (status === "409" && idempotencyKey)) fields.push("Retry-After");
    responses[status] = {
      description: isCommon ? (commonDescriptions[status] ?? description) : description,
      headers: headerRefs(fields),
      content: {
        "application/problem+json": {
          schema: { $ref: "#/components/schemas/Problem" },
          examples: await toExamples(cases, examplePath(route)),
        },
      },
      "x-common": isCommon || undefined,
    };
  }
  return responses;
}

// Their problems depend on no route, unless routeDocs() names one.
const commonStatuses = new Set(["400", "405", "408", "413", "415", "500", "503"]);

// The details of these problems depend on the route or on the configuration.
const commonDescriptions: Readonly<Record<string, string>> = {
  405: "Any other method on this path",
  413: "Body is larger than allowed",
};

function possibleProblems(route: DocumentedRoute): HttpProblem[] {
  const { method, methods, hooks, tags, conditional, problems = {} } = route;
  const possible = Object.entries(problems).flatMap(([status, details]) =>
    // The keys of `problems` are statuses, which Object.entries gives as strings.
    [details].flat().map((detail) => new HttpProblem(Number(status) as ProblemStatus, detail)),
  );
  possible.push(common.unknownMethod(methods));
  if (hooks.body) {
    possible.push(common.malformedBody(), common.slowBody, common.bodyTooLarge(1_048_576));
    possible.push(common.wrongMediaType, common.wrongCoding);
  }
  const isManagement = tags?.includes(managementTag) ?? false;
  const fieldErrors = exampleFieldErrors(hooks);
  // A route without schemas rejects at least a query.
  if (fieldErrors.length === 0 && !isManagement) {
    fieldErrors.push(unknownParameter("page", hooks.query));
  }
  if (fieldErrors.length > 0) possible.push(common.schemaMismatch(fieldErrors));
  if (conditional && method !== "get" && !problems[412]) {
    possible.push(new HttpProblem(412, "The resource has changed"));
  }
  // Load shedding skips the management routes, and they need no storage.
  if (isManagement) return possible;
  possible.push(common.internalError(), common.overload);
  possible.push(...(["busy", "full", "gone"] as const).map(common.storageProblem));
  if (hooks.body) possible.push(common.noRoomForBody);
  return possible;
}

/** The field errors of a request that has an invalid value in nearly every field. */
function exampleFieldErrors(schemas: RequestSchemas): FieldError[] {
  const invalid = (schema: TSchema | undefined) =>
    Object.fromEntries(Object.keys(schema?.properties ?? {}).map((name) => [name, "abc"]));
  const { params, query, headers, body } = schemas;
  const request = { params: invalid(params), query: invalid(query), headers: invalid(headers) };
  const fieldErrors = validationErrors(schemas, { ...request, body: {} });
  // A body whose members are all optional accepts an empty object.
  return body && !fieldErrors.some(({ pointer }) => pointer !== undefined)
    ? validationErrors(schemas, { ...request, body: [] })
    : fieldErrors;
}

/** The path of a route with the examples of its parameters. */
function examplePath({ path, parameters = [] }: DocumentedRoute): string {
  return path.replace(/\{(\w+)\}/g, (placeholder: string, name: string) => {
    const parameter = parameters.find((one) => one.in === "path" && one.name === name);
    const example = parameter?.examples?.[0];
    return typeof example === "string" ? example : placeholder;
  });
}

/** The problems as the service would send them; `User not found` is named `user-not-found`. */
async function toExamples(problems: readonly HttpProblem[], path: string) {
  const examples: NonNullable<MediaType["examples"]> = {};
  for (const problem of problems) {
    const { detail: summary } = problem;
    const response = problemResponse(problem, { path, requestId: exampleRequestId });
    const name = summary
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 60);
    // problemResponse() has written it as JSON.
    examples[name] = { summary, value: (await response.json()) as Json };
  }
  return examples;
}
