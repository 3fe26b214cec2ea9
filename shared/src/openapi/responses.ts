// The Responses Object of a route: its own responses, and the problems that it can have.
import { Type, type TSchema } from "@sinclair/typebox";
import { problem, type ProblemStatus } from "../http/problem.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { headerRefs, type ResponseHeader } from "./headers.ts";
import { isCommonProblem, possibleProblems, problemMediaType } from "./problems.ts";
import { exampleOf, plainSchema, toComponent, type SchemaComponents } from "./schema.ts";
import type { JsonSchema, MediaType, ResponseObject } from "./types.ts";

/** A body with an example, if its schema has one. */
export function toMediaType(schema: JsonSchema, components: SchemaComponents): MediaType {
  const example = exampleOf(schema);
  return {
    schema: toComponent(schema, components),
    ...(example === undefined ? {} : { example }),
  };
}

/** Every response of a route, by status. */
export async function toResponses(
  route: DocumentedRoute,
  components: SchemaComponents,
): Promise<Record<string, ResponseObject>> {
  const responses: Record<string, ResponseObject> = {};
  const isConditionalGet = route.method === "get" && route.behaviour.conditional === true;
  const implied: Record<string, TSchema> = isConditionalGet ? { 304: Type.Void() } : {};
  const problems = possibleProblems(route);
  for (const [status, schema] of Object.entries({ ...implied, ...route.responses })) {
    if (schema !== problem) {
      responses[status] = ownResponse(route, Number(status), schema, components);
      continue;
    }
    // A problem without a text in routeDocs() has no description: documentErrors() lists it.
    const known = Number(status) as ProblemStatus;
    if (!problems.has(known)) problems.set(known, []);
  }
  const path = examplePath(route);
  for (const [status, cases] of problems) {
    responses[status] = {
      description: cases.map(({ detail, when }) => when ?? detail).join("; "),
      headers: headerRefs(problemHeaders(route, status)),
      content: { "application/problem+json": await problemMediaType(status, cases, path) },
      ...(isCommonProblem(route, status) ? { "x-common": true } : {}),
    };
  }
  return responses;
}

const descriptions: Readonly<Record<number, string>> = {
  200: "Success",
  201: "Created",
  204: "Done; there is nothing to send back",
  304: "The client has the current state: `If-None-Match` has its `ETag`",
  503: "Cannot serve at present",
};

function ownResponse(
  route: DocumentedRoute,
  status: number,
  response: TSchema,
  components: SchemaComponents,
): ResponseObject {
  // From the route: the plugin's copy of a response's schema lacks some keywords.
  const schema = plainSchema(response);
  const head = {
    description: response.description ?? descriptions[status] ?? "",
    headers: headerRefs(ownHeaders(route, status, schema)),
  };
  if (schema.type === "void") return head;
  const type = route.behaviour.produces ?? "application/json";
  return { ...head, content: { [type]: toMediaType(schema, components) } };
}

function ownHeaders(
  { method, behaviour }: DocumentedRoute,
  status: number,
  schema: JsonSchema,
): ResponseHeader[] {
  const names: ResponseHeader[] = ["X-Request-Id"];
  if (status === 201) names.push("ETag", "Location");
  if (status === 201 && behaviour.idempotencyKey === true) names.push("Idempotent-Replayed");
  if ((status === 200 || status === 304) && behaviour.conditional === true) names.push("ETag");
  if (status === 200 && method === "get" && schema.type === "array") names.push("Link");
  return names;
}

function problemHeaders({ behaviour }: DocumentedRoute, status: ProblemStatus): ResponseHeader[] {
  const names: ResponseHeader[] = ["X-Request-Id"];
  if (status === 405) names.push("Allow");
  if (status === 503) names.push("Retry-After");
  if (status === 409 && behaviour.idempotencyKey === true) names.push("Retry-After");
  return names;
}

/** The path with the examples of its parameters. */
function examplePath({ path, plugin }: DocumentedRoute): string {
  return path.replace(/\{(\w+)\}/g, (placeholder: string, name: string) => {
    const parameter = plugin.parameters?.find((one) => one.in === "path" && one.name === name);
    const [example] = parameter?.examples ?? [];
    return typeof example === "string" ? example : placeholder;
  });
}
