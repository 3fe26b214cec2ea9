// Says what is wrong with a value, all of it, in the words of the schema that refused it.
import type { TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType } from "@sinclair/typebox/value";
import { canonicalHeaderName } from "./field-name.ts";
import { customTypeRule } from "../schema/custom-type.ts";
import { maxEchoLength, type FieldError } from "./problem.ts";

/** More field errors than this help nobody, and finding them takes time. */
const maxFieldErrors = 1000;

/** `from 1 to 9`, `of at least 1`, `of at most 9`, or nothing. */
function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}${unit}`;
  if (least !== undefined) return ` of at least ${least}${unit}`;
  return most === undefined ? "" : ` of at most ${most}${unit}`;
}

/** What a schema allows, to be read after "Must be"; undefined if that is not easily said. */
function rule(schema: TSchema): string | undefined {
  const known = customTypeRule(schema);
  if (known !== undefined) return known;
  const { anyOf, minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  if (Array.isArray(anyOf)) {
    const words = anyOf.map((option: TSchema) => option.const);
    return words.includes(undefined)
      ? undefined
      : `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`;
  }
  switch (schema.type) {
    case "integer":
      return `a whole number${range(minimum, maximum, "")}`;
    case "number":
      return `a number${range(minimum, maximum, "")}`;
    case "string":
      return schema.pattern || schema.format
        ? undefined
        : `text${range(minLength, maxLength, " characters")}`;
    case "array":
      return `an array${range(minItems, maxItems, " items")}`;
    case "object":
      return "a JSON object";
    case "boolean":
      return "true or false";
    default:
      return undefined;
  }
}

/** A short scalar as the caller sent it, to be read after the rule. */
function found(value: unknown): string {
  // 1e400 is not what was sent, and neither is any other spelling of it.
  if ((value !== null && typeof value === "object") || Math.abs(Number(value)) === Infinity) {
    return "";
  }
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > maxEchoLength ? "" : `, found ${text}`;
}

/** Every fault of a value, each place once, with its JSON Pointer (RFC 6901). */
function* schemaErrors(
  schema: TSchema,
  value: unknown,
): Generator<{ path: string; detail: string }> {
  const seen = new Set<string>();
  for (const error of Value.Errors(schema, value)) {
    // A missing member is reported twice: as missing, and as not of its type.
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    const missing =
      error.type === ValueErrorType.ObjectRequiredProperty || error.value === undefined;
    const allowed = rule(error.schema);
    const isOwn = allowed !== undefined && error.type !== ValueErrorType.ObjectAdditionalProperties;
    const must = isOwn ? `must be ${allowed}` : error.message;
    yield {
      path: error.path,
      detail: missing ? `Is missing, ${must}` : `${capital(must)}${found(error.value)}`,
    };
  }
}

/** The parts of a request and the schemas that a route has for them. */
export interface CheckedRequest {
  params?: unknown;
  query?: unknown;
  headers?: unknown;
  body?: unknown;
}

/** The schemas of a route, each for the part of the request with the same name. */
export type RequestSchemas = { [Part in keyof CheckedRequest]?: TSchema | undefined };

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Every fault of a request: path, query, headers and body together. */
export function validationErrors(schemas: RequestSchemas, request: CheckedRequest): FieldError[] {
  const fieldErrors: FieldError[] = [];
  const collect = (
    part: keyof CheckedRequest,
    place: (path: string) => Omit<FieldError, "detail">,
  ) => {
    const schema = schemas[part];
    if (!schema) return;
    for (const { path, detail } of schemaErrors(schema, request[part])) {
      if (fieldErrors.length >= maxFieldErrors) return;
      fieldErrors.push({ ...place(path), detail });
    }
  };
  collect("params", (path) => ({ parameter: path.slice(1) }));
  collect("query", (path) => ({ parameter: path.slice(1) }));
  collect("headers", (path) => ({ header: canonicalHeaderName(path.slice(1)) }));
  collect("body", (path) => ({ pointer: `#${path}` }));
  return fieldErrors;
}
