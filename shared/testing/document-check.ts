// Checks an API document in itself: that it is OpenAPI, that no route lacks documentation, and that
// the examples fit their schemas.
import { expect, test } from "bun:test";
import { Validator, type SpecData } from "@seriousme/openapi-schema-validator";
import { mapSubschemas } from "../src/openapi/schema.ts";
import type { JsonSchema, MediaType, OpenApiDocument, Operation } from "../src/openapi/types.ts";
import { bodyOf, type RunningService } from "./running-service.ts";
import { schemaCheck, type SchemaCheck } from "./schema-check.ts";

/** The codes that the problems of every service can have. */
const sharedCodes = [
  "body-timeout",
  "body-too-large",
  "expectation-failed",
  "internal",
  "malformed-json",
  "method-not-allowed",
  "not-found",
  "overloaded",
  "storage-busy",
  "storage-full",
  "storage-unavailable",
  "unsupported-encoding",
  "unsupported-media-type",
  "validation-failed",
];

/**
 * Tests the document of a service. A failure lists everything that is missing or wrong.
 *
 * @param ownCodes the codes of its problems that not every service has. Clients rely on codes: a code
 * that changes its name breaks them
 */
export function testApiDocument(
  start: () => Promise<RunningService>,
  ownCodes: readonly string[],
): void {
  test("GET /swagger/json lists the codes of all problems, and no code of another service", async () => {
    await using service = await start();
    const response = await service.request("/swagger/json");
    const { components } = await bodyOf<OpenApiDocument>(response);
    expect(components.schemas.Problem).toMatchObject({
      properties: { code: { enum: [...sharedCodes, ...ownCodes].sort() } },
    });
  });

  test("GET /swagger/json is valid OpenAPI that documents every route with fitting examples", async () => {
    await using service = await start();
    const response = await service.request("/swagger/json");
    expect(await documentErrors(await bodyOf<OpenApiDocument>(response))).toEqual([]);
  });
}

/** Everything that is missing or wrong in a document, with how to mend it; empty if nothing is. */
export async function documentErrors(document: OpenApiDocument): Promise<string[]> {
  // The validator resolves references in place, so it gets a copy. Its type is any object.
  const copy = structuredClone(document) as unknown as SpecData;
  const result = await new Validator().validate(copy);
  const errors = result.valid ? [] : [`It is not OpenAPI: ${JSON.stringify(result.errors)}`];
  const check = schemaCheck(document);
  for (const [name, component] of Object.entries(document.components.schemas)) {
    errors.push(...subschemaErrors(`the schema "${name}"`, component));
  }
  for (const { name, description } of document.tags) {
    if (description !== undefined) continue;
    errors.push(`the tag "${name}" has no description (give one to serviceApp: tags)`);
  }
  const operationIds = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const { operationId } = operation;
      // The document makes HEAD from GET, whose errors would be listed twice.
      const found = method === "head" ? [] : operationErrors(operation, check);
      if (operationIds.has(operationId)) found.push(`operationId "${operationId}" is not unique`);
      operationIds.add(operationId);
      errors.push(...found.map((error) => `${method.toUpperCase()} ${path}: ${error}`));
    }
  }
  return errors;
}

const keyField = "#/components/parameters/Idempotency-Key";

function operationErrors(operation: Operation, check: SchemaCheck): string[] {
  const errors: string[] = [];
  if (operation.summary === "") errors.push("no summary (give one to routeDocs)");
  if (operation.tags.length === 0) errors.push("no tag (give one to routeDocs)");
  for (const [status, { description }] of Object.entries(operation.responses)) {
    if (description !== "") continue;
    errors.push(`response ${status} has no description (give one to its schema)`);
  }
  if (operation.requestBody && !operation.responses[415]) {
    errors.push("has a body and no problems of bodies (use problemsWithBody)");
  }
  const heedsKeys = operation.parameters.some((one) => "$ref" in one && one.$ref === keyField);
  if (operation.responses[201] && !heedsKeys) {
    errors.push("has a 201 and no Idempotency-Key (use idempotentCreation)");
  }
  for (const parameter of operation.parameters) {
    if (!("schema" in parameter)) continue;
    const { name, description, schema } = parameter;
    if (!description) errors.push(`${name} has no description (give one to its schema)`);
    errors.push(...schemaErrors(name, schema));
  }
  const bodies = [
    { place: "the request body", content: operation.requestBody?.content },
    ...Object.entries(operation.responses).map(([status, { content }]) => ({
      place: `response ${status}`,
      content,
    })),
  ];
  for (const { place, content = {} } of bodies) {
    for (const body of Object.values(content)) {
      errors.push(...bodyErrors(place, body, check));
    }
  }
  return errors;
}

function bodyErrors(place: string, body: MediaType, check: SchemaCheck): string[] {
  const errors = schemaErrors(place, body.schema);
  const examples = Object.values(body.examples ?? {}).map(({ value }) => value);
  if (body.example !== undefined) examples.push(body.example);
  if (examples.length === 0) {
    errors.push(`${place} has no example (give one to its schema)`);
  }
  for (const example of examples) {
    const mismatches = check(body.schema, example);
    errors.push(...mismatches.map((text) => `an example of ${place} does not fit: ${text}`));
  }
  return errors;
}

/** A schema with a title is in the document by reference, unless its title is another schema's. */
function schemaErrors(place: string, schema: JsonSchema): string[] {
  const { title } = schema;
  return [
    ...(typeof title === "string" ? [`${place}: another schema is titled "${title}" too`] : []),
    ...subschemaErrors(place, schema),
  ];
}

function subschemaErrors(place: string, schema: JsonSchema): string[] {
  const errors: string[] = [];
  mapSubschemas(schema, (part) => {
    errors.push(...schemaErrors(place, part));
    return part;
  });
  return errors;
}
