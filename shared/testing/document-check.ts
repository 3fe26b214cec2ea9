// Checks an API document in itself: that it is OpenAPI, and that its examples are examples.
import { Validator, type SpecData } from "@seriousme/openapi-schema-validator";
import type { Json, MediaType, OpenApiDocument, Operation } from "../src/openapi/types.ts";
import { schemaCheck } from "./schema-check.ts";

/** What is wrong with a document; nothing if it may be published. */
export async function documentFaults(document: OpenApiDocument): Promise<string[]> {
  // The validator works on a copy, for it resolves references in place. Its type is any object.
  const copy = structuredClone(document) as unknown as SpecData;
  const result = await new Validator().validate(copy);
  const faults = result.valid ? [] : [`It is not OpenAPI: ${JSON.stringify(result.errors)}`];
  const check = schemaCheck(document);
  const names = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const where = `${method.toUpperCase()} ${path}`;
      if (names.has(operation.operationId)) faults.push(`${where}: its operationId is not unique`);
      names.add(operation.operationId);
      for (const [place, body] of bodiesOf(operation)) {
        const examples = examplesIn(body);
        if (examples.length === 0) faults.push(`${where}: ${place} has no example`);
        for (const example of examples) {
          for (const fault of check(body.schema, example)) {
            faults.push(`${where}: an example of ${place} does not fit its schema: ${fault}`);
          }
        }
      }
    }
  }
  return faults;
}

function bodiesOf({ requestBody, responses }: Operation): [place: string, body: MediaType][] {
  const sent = Object.entries(requestBody?.content ?? {});
  const answered = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, body]): [string, MediaType] => [`${status} ${type}`, body]),
  );
  return [...sent, ...answered];
}

function examplesIn({ example, examples = {} }: MediaType): Json[] {
  const values = Object.values(examples).map(({ value }) => value);
  return example === undefined ? values : [example, ...values];
}
