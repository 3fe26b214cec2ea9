// The answers of one route in the API document: its own, and the problems that it can have.
import { Type, type TSchema } from "@sinclair/typebox";
import type { DocumentedRoute } from "./documented-routes.ts";
import { headerRefs, type ResponseHeader } from "./headers.ts";
import { describeCauses, refusalsOf } from "./problems.ts";
import { exampleOf, plainSchema, toComponent } from "./schema.ts";
import type { ResponseObject, JsonSchema, MediaType } from "./types.ts";
import { problem, type ProblemStatus } from "../http/problem.ts";

/** What all routes together add to the document. */
export interface Collected {
  /** Schemas that have a name. */
  readonly schemas: Record<string, JsonSchema>;
  /** What routes leave unsaid. */
  readonly missing: string[];
}

/** `GET /users/{id}`, to say which route is meant. */
export function nameOf({ method, path }: DocumentedRoute): string {
  return `${method.toUpperCase()} ${path}`;
}

/** A body, with an example; `what` names it where there is none. */
export function describeBody(
  route: DocumentedRoute,
  what: string,
  schema: JsonSchema,
  { schemas, missing }: Collected,
): MediaType {
  const example = exampleOf(schema);
  if (example === undefined) missing.push(`${nameOf(route)} has no example for its ${what}`);
  return { schema: toComponent(schema, schemas), ...(example === undefined ? {} : { example }) };
}

/** Every answer of a route. */
export async function describeAnswers(
  route: DocumentedRoute,
  shared: Collected,
): Promise<Record<string, ResponseObject>> {
  const refusals = await describeRefusals(route);
  const answers: Record<string, ResponseObject> = {};
  const isConditionalGet = route.method === "get" && route.behaviour.conditional === true;
  const implied: Record<string, TSchema> = isConditionalGet ? { 304: Type.Void() } : {};
  for (const [status, schema] of Object.entries({ ...implied, ...route.responses })) {
    if (schema !== problem) answers[status] = describeOwn(route, status, schema, shared);
    else if (refusals[status] === undefined) {
      shared.missing.push(`${nameOf(route)} has no refusal that tells when it answers ${status}`);
    }
  }
  return { ...answers, ...refusals };
}

const texts: Readonly<Record<string, string>> = {
  200: "Success",
  201: "Created",
  204: "Done; there is nothing to send back",
  304: "The caller has the present state: If-None-Match names its ETag",
  503: "Cannot serve at present",
};

function describeOwn(
  route: DocumentedRoute,
  status: string,
  answer: TSchema,
  shared: Collected,
): ResponseObject {
  // The plugin's copy of an answer's schema has lost some of its keywords.
  const schema = plainSchema(answer);
  const { description = texts[status] } = answer;
  if (description === undefined) {
    shared.missing.push(`${nameOf(route)} has no description for its ${status}`);
  }
  const head = {
    description: description ?? "",
    headers: headerRefs(ownHeaders(route, Number(status), schema)),
  };
  if (schema.type === "void") return head;
  const body = describeBody(route, status, schema, shared);
  return { ...head, content: { [route.behaviour.produces ?? "application/json"]: body } };
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

async function describeRefusals(route: DocumentedRoute): Promise<Record<string, ResponseObject>> {
  const path = examplePath(route);
  const answers: Record<string, ResponseObject> = {};
  for (const [status, causes] of refusalsOf(route)) {
    const { description, body } = await describeCauses(status, causes, path);
    answers[status] = {
      description,
      headers: headerRefs(refusalHeaders(route, status)),
      content: { "application/problem+json": body },
    };
  }
  return answers;
}

function refusalHeaders({ behaviour }: DocumentedRoute, status: ProblemStatus): ResponseHeader[] {
  const names: ResponseHeader[] = ["X-Request-Id"];
  if (status === 405) names.push("Allow");
  if (status === 503) names.push("Retry-After");
  if (status === 409 && behaviour.idempotencyKey === true) names.push("Retry-After");
  return names;
}

/** The path with the parameters' examples in it. */
function examplePath({ path, plugin }: DocumentedRoute): string {
  return path.replace(/\{(\w+)\}/g, (placeholder: string, name: string) => {
    const parameter = plugin.parameters?.find((one) => one.in === "path" && one.name === name);
    const [example] = parameter?.examples ?? [];
    return typeof example === "string" ? example : placeholder;
  });
}
