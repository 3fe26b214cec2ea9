// One route in the API document: the plugin's draft, completed by what every route shares.
import { describeAnswers, describeBody, nameOf, type Collected } from "./responses.ts";
import type { DocumentedRoute } from "./documented-routes.ts";
import { canonicalHeaderName } from "../http/field-name.ts";
import { requestHeaders } from "./headers.ts";
import { toComponent } from "./schema.ts";
import type { Operation, Parameter, Ref } from "./types.ts";

/** Describes one route. */
export async function describeOperation(
  route: DocumentedRoute,
  shared: Collected,
): Promise<Operation> {
  const { operationId, summary = "", description, tags = [], requestBody } = route.plugin;
  if (summary === "") shared.missing.push(`${nameOf(route)} has no summary`);
  if (tags.length === 0) shared.missing.push(`${nameOf(route)} has no tag`);
  const operation: Operation = {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags,
    parameters: describeParameters(route),
    responses: await describeAnswers(route, shared),
  };
  if (requestBody !== undefined) {
    // The plugin lists form types too; bodies are JSON.
    const { schema } = requestBody.content["application/json"];
    const body = describeBody(route, "body", schema, shared);
    operation.requestBody = { required: true, content: { "application/json": body } };
  }
  return operation;
}

/** The operation of GET as HEAD answers it. */
export function headOperation(get: Operation): Operation {
  const answers = Object.entries(get.responses).map(([status, { description, headers }]) => [
    status,
    { description, headers },
  ]);
  return {
    ...get,
    operationId: `${get.operationId}Head`,
    summary: `${get.summary}: header fields only`,
    responses: Object.fromEntries(answers),
  };
}

/** The route's own parameters in the order of its schemas, then the fields that many routes share. */
function describeParameters({ method, plugin, behaviour }: DocumentedRoute): (Parameter | Ref)[] {
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
    // Swagger UI sends a parameter's own example when a request is tried: right for what has to be
    // sent, wrong for a filter that was left alone. Those keep theirs in the schema.
    const [example] = parameter.required ? (examples ?? []) : [];
    own.push({
      ...parameter,
      name,
      schema: toComponent(examples === undefined ? schema : { ...schema, examples }, {}),
      ...(example === undefined ? {} : { example }),
    });
  }
  const refs = [...fields].sort().map((name) => ({ $ref: `#/components/parameters/${name}` }));
  return [...own, ...refs];
}
