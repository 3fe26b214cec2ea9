// The problems that a route can have, each with an example made the way the service makes it.
import { Type, type TSchema } from "@sinclair/typebox";
import { authProblems, forbidden, insufficientScope } from "../http/auth-problems.ts";
import {
  schemaMismatch,
  unknownMethod,
  unknownPath,
  wrongMediaType,
} from "../http/common-problems.ts";
import { problem, problemResponse, type FieldError, type HttpProblem } from "../http/problem.ts";
import { unknownParameter } from "../http/query-string.ts";
import { bodyProblems, commonProblems, problemsOf } from "../http/route-problems.ts";
import { validationErrors, type RequestSchemas } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { exampleRequestId, headerRefs, responseHeaders, type ResponseHeader } from "./headers.ts";
import { plainSchema } from "./schema.ts";
import type { Header, Json, JsonSchema, MediaType, Ref, Responses } from "./types.ts";

/** Of any service: their codes do not depend on its name. */
const anyAuthProblems = authProblems("service");

/** The codes that do not depend on the route. */
const commonCodes = new Set<string>(
  [
    unknownMethod([]),
    ...bodyProblems,
    ...commonProblems,
    anyAuthProblems.missing,
    anyAuthProblems.invalid.expired,
    anyAuthProblems.invalidRequest,
    anyAuthProblems.noKeys,
  ].map(({ code }) => code),
);
commonCodes.delete(schemaMismatch([]).code);

// The details of these problems depend on the route or on the configuration.
const commonDescriptions: Readonly<Record<string, string>> = {
  405: "Any other method on this path",
  413: "Body is larger than allowed",
};

/** The responses of a route that are problems. */
export async function problemResponses(route: DocumentedRoute): Promise<Responses> {
  const byStatus = Object.groupBy(exampleProblems(route), ({ status }) => status);
  const responses: Responses = {};
  for (const [status, problems] of Object.entries(byStatus)) {
    const isCommon = problems.every(({ code }) => commonCodes.has(code));
    responses[status] = {
      description: (isCommon && commonDescriptions[status]) || descriptionOf(problems),
      headers: problemFields(problems),
      content: {
        "application/problem+json": {
          schema: problemSchema(problems),
          examples: await toExamples(problems, examplePath(route)),
        },
      },
      "x-common": isCommon || undefined,
    };
  }
  return responses;
}

/** What the problems of one status say, in CommonMark: several are a list with their codes. */
function descriptionOf(problems: readonly HttpProblem[]): string {
  const [first, ...others] = problems;
  if (first !== undefined && others.length === 0) return first.detail;
  return problems.map(({ code, detail }) => `- \`${code}\`: ${detail}`).join("\n");
}

/**
 * The schema of the problems of one status: {@link problemComponent}, with their status and codes as
 * enumerations, by which typed clients tell the problems of all statuses apart.
 */
export function problemSchema(problems: readonly HttpProblem[]): JsonSchema {
  const status = { type: "integer", enum: [...new Set(problems.map((one) => one.status))] };
  const code = { type: "string", enum: codesOf(problems) };
  return {
    allOf: [
      { $ref: "#/components/schemas/Problem" },
      { type: "object", properties: { status, code } },
    ],
  };
}

/** The schema of every problem of an app, with the codes of all its routes as an enumeration. */
export function problemComponent(routes: readonly DocumentedRoute[]): JsonSchema {
  const codes = codesOf([unknownPath(), ...routes.flatMap(possibleProblems)]).sort();
  const code = Type.Unsafe<string>({ ...problem.properties.code, enum: codes });
  return { title: "Problem", ...plainSchema(Type.Object({ ...problem.properties, code })) };
}

function codesOf(problems: readonly HttpProblem[]): string[] {
  return [...new Set(problems.map(({ code }) => code))];
}

/** The problems of a route that needs a token, of which an expired one stands for all that are invalid. */
function guardProblems({ guard, namesUser }: DocumentedRoute): HttpProblem[] {
  if (guard === undefined) return [];
  const { missing, invalid, invalidRequest, noKeys } = authProblems(guard.realm);
  const lacking = insufficientScope(guard.realm, guard.scopes);
  const ofPersons = guard.isForPrograms || namesUser ? [forbidden] : [];
  return [missing, invalid.expired, invalidRequest, lacking, ...ofPersons, noKeys];
}

/** The problems that a route can respond with; what depends on the route is a placeholder. */
function possibleProblems(route: DocumentedRoute): HttpProblem[] {
  const { methods, hooks } = route;
  const declared = Object.values(hooks.response ?? {}).flatMap(
    (schema) => problemsOf(schema) ?? [],
  );
  return [...declared, ...guardProblems(route), unknownMethod(methods)];
}

/** The problems that a route can respond with, as the service would send them. */
function exampleProblems(route: DocumentedRoute): HttpProblem[] {
  const fieldErrors = exampleFieldErrors(route.hooks);
  // A route without schemas rejects at least a query.
  if (fieldErrors.length === 0) fieldErrors.push(unknownParameter("page", route.hooks.query));
  const ofRoute = [schemaMismatch(fieldErrors), wrongMediaType(route.method.toUpperCase())];
  return possibleProblems(route).map((one) => ofRoute.find(({ code }) => code === one.code) ?? one);
}

/** The documented header fields of problems; a field that only some of them have is optional. */
function problemFields(problems: readonly HttpProblem[]): Record<string, Ref | Header> {
  const fields: Record<string, Ref | Header> = {};
  // The type of Object.entries does not keep the keys.
  for (const name of Object.keys(responseHeaders) as ResponseHeader[]) {
    const having = problems.filter(({ headers }) => name.toLowerCase() in headers);
    if (having.length === problems.length || name === "X-Request-Id") {
      Object.assign(fields, headerRefs([name]));
    } else if (having.length > 0) {
      fields[name] = { ...responseHeaders[name], required: false };
    }
  }
  return fields;
}

/** The field errors of a request that has an invalid value in nearly every field. */
function exampleFieldErrors(schemas: RequestSchemas): FieldError[] {
  const invalidValues = (schema: TSchema | undefined) =>
    Object.fromEntries(Object.keys(schema?.properties ?? {}).map((name) => [name, "abc"]));
  const { params, query, headers, body } = schemas;
  const request = {
    params: invalidValues(params),
    query: invalidValues(query),
    headers: invalidValues(headers),
  };
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
