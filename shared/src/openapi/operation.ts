// The Operation Object of a route: what @elysiajs/swagger makes of it, completed by the responses and
// header fields that the plugin does not know.
import { problemsOf } from "../http/route-problems.ts";
import { canonicalHeaderName } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { headerRefs, requestHeaders, type ResponseHeader } from "./headers.ts";
import { problemResponses } from "./problems.ts";
import { exampleOf, plainSchema, toComponent, type SchemaComponents } from "./schema.ts";
import type { JsonSchema, MediaType, Operation, Parameter, Ref, Responses } from "./types.ts";

/** Makes the operation of a route, and adds its named schemas to `components`. */
export async function toOperation(
  route: DocumentedRoute,
  components: SchemaComponents,
): Promise<Operation> {
  const { operationId, summary = "", description, tags = [], requestBody } = route;
  // The plugin lists form types too, which the services reject.
  const body = requestBody?.content["application/json"];
  return {
    operationId,
    summary,
    description,
    tags,
    parameters: toParameters(route, components),
    responses: { ...ownResponses(route, components), ...(await problemResponses(route)) },
    requestBody: body && {
      required: true,
      content: { "application/json": toMediaType(body.schema, components) },
    },
    // Any of the alternatives is enough.
    security: route.guard?.scopes.map((scope) => ({ bearer: [scope] })),
  };
}

/** Makes the operation of `HEAD` from the operation of `GET`, without response bodies. */
export function headOperation(get: Operation): Operation {
  const responses = Object.entries(get.responses).map(([status, response]) => [
    status,
    { ...response, content: undefined },
  ]);
  return {
    ...get,
    operationId: `${get.operationId}Head`,
    summary: `${get.summary}: header fields only`,
    description: `The same as \`${get.operationId}\`, without the body.`,
    responses: Object.fromEntries(responses),
  };
}

/** The parameters of this route in the order of its schemas, then the header fields that routes share. */
function toParameters(
  { method, parameters = [], conditional, idempotencyKey }: DocumentedRoute,
  components: SchemaComponents,
): (Parameter | Ref)[] {
  const own: Parameter[] = [];
  const shared = new Set(["X-Request-Id", "traceparent", "tracestate"]);
  if (conditional) shared.add(method === "get" ? "If-None-Match" : "If-Match");
  if (idempotencyKey) shared.add("Idempotency-Key");

  for (const { examples, schema, ...parameter } of parameters) {
    const name = parameter.in === "header" ? canonicalHeaderName(parameter.name) : parameter.name;
    if (name in requestHeaders) {
      shared.add(name);
      continue;
    }
    own.push({
      ...parameter,
      name,
      schema: toComponent(examples ? { ...schema, examples } : schema, components),
      // OpenAPI's default would be one parameter for each item.
      ...(schema.type === "array" ? { style: "form", explode: false } : {}),
      // Swagger UI sends the example of a parameter when a reader tries a request: right for a required
      // parameter, wrong for a filter that the reader left empty. A filter's example stays in its schema.
      example: parameter.required ? examples?.[0] : undefined,
    });
  }
  const refs = [...shared].sort().map((name) => ({ $ref: `#/components/parameters/${name}` }));
  return [...own, ...refs];
}

/** The description of a response whose schema has none, by status. */
const descriptions: Readonly<Record<string, string>> = {
  200: "Success",
  201: "Created",
  204: "Done; there is nothing to send back",
  304: "The client has the current state: `If-None-Match` has its `ETag`",
  503: "Cannot serve at present",
};

/** The responses of a route that are not problems. */
function ownResponses(route: DocumentedRoute, components: SchemaComponents): Responses {
  const { method, hooks, conditional, idempotencyKey, produces = "application/json" } = route;
  const responses: Responses = {};
  for (const [status, response] of Object.entries(hooks.response ?? {})) {
    if (problemsOf(response) !== undefined) continue;
    // The plugin's copy of a response schema lacks some keywords, so this takes the route's.
    const schema = plainSchema(response);
    const fields: ResponseHeader[] = ["X-Request-Id"];
    if (status === "201") fields.push("ETag", "Location");
    if (status === "201" && idempotencyKey) fields.push("Idempotent-Replayed");
    if ((status === "200" || status === "304") && conditional) fields.push("ETag");
    if (status === "200" && method === "get" && schema.type === "array") fields.push("Link");
    responses[status] = {
      description: response.description ?? descriptions[status] ?? "",
      headers: headerRefs(fields),
      content: schema.type === "void" ? undefined : { [produces]: toMediaType(schema, components) },
    };
  }
  return responses;
}

/** A Media Type Object, with an example if the schema has one. */
function toMediaType(schema: JsonSchema, components: SchemaComponents): MediaType {
  return { schema: toComponent(schema, components), example: exampleOf(schema) };
}
