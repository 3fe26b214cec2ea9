// The Operation Object of a route: the plugin's, completed by what the plugin cannot know.
import { canonicalHeaderName } from "../http/validation-errors.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { requestHeaders } from "./headers.ts";
import { toMediaType, toResponses } from "./responses.ts";
import { toComponent, type SchemaComponents } from "./schema.ts";
import type { Operation, Parameter, Ref } from "./types.ts";

/** The operation of a route. Its named schemas are added to `components`. */
export async function toOperation(
  route: DocumentedRoute,
  components: SchemaComponents,
): Promise<Operation> {
  const { operationId, summary = "", description, tags = [], requestBody } = route.plugin;
  const operation: Operation = {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags,
    parameters: toParameters(route, components),
    responses: await toResponses(route, components),
  };
  if (requestBody !== undefined) {
    // The plugin lists form types too, which the services reject.
    const body = toMediaType(requestBody.content["application/json"].schema, components);
    operation.requestBody = { required: true, content: { "application/json": body } };
  }
  return operation;
}

/** The operation of `HEAD`: the one of `GET` without bodies of responses. */
export function headOperation(get: Operation): Operation {
  const responses = Object.entries(get.responses).map(([status, response]) => {
    const { content: _, ...head } = response;
    return [status, head];
  });
  return {
    ...get,
    operationId: `${get.operationId}Head`,
    summary: `${get.summary}: header fields only`,
    responses: Object.fromEntries(responses),
  };
}

/** The route's own parameters in the order of its schemas, then header fields that routes share. */
function toParameters(
  { method, plugin, behaviour }: DocumentedRoute,
  components: SchemaComponents,
): (Parameter | Ref)[] {
  const own: Parameter[] = [];
  const fields = new Set(["X-Request-Id", "traceparent", "tracestate"]);
  if (behaviour.conditional === true) fields.add(method === "get" ? "If-None-Match" : "If-Match");
  if (behaviour.idempotencyKey === true) fields.add("Idempotency-Key");

  for (const { examples, schema, ...parameter } of plugin.parameters ?? []) {
    const name = parameter.in === "header" ? canonicalHeaderName(parameter.name) : parameter.name;
    if (name in requestHeaders) {
      fields.add(name);
      continue;
    }
    // Swagger UI sends the example of a parameter when a reader tries a request: right for a required
    // parameter, wrong for a filter that the reader left empty. A filter's example stays in its schema.
    const [example] = parameter.required ? (examples ?? []) : [];
    own.push({
      ...parameter,
      name,
      schema: toComponent(examples === undefined ? schema : { ...schema, examples }, components),
      ...(example === undefined ? {} : { example }),
    });
  }
  const refs = [...fields].sort().map((name) => ({ $ref: `#/components/parameters/${name}` }));
  return [...own, ...refs];
}
