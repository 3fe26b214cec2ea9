// Says what is wrong with a value, all of it, in the words of the schema that refused it.
import type { TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType } from "@sinclair/typebox/value";
import { kindRule } from "./kinds.ts";
import { longestEcho, type Fault } from "./problem.ts";

/** More faults than this help nobody, and finding them takes time. */
const mostFaults = 1000;

/** What a schema allows, to be read after "Must be". */
function rule(schema: TSchema): string {
  const known = kindRule(schema);
  if (known !== undefined) return known;
  if (Array.isArray(schema.anyOf)) {
    return `one of ${schema.anyOf.map((option: TSchema) => JSON.stringify(option.const)).join(", ")}`;
  }
  const { minimum, maximum, minItems, maxItems } = schema;
  switch (schema.type) {
    case "integer":
      return `a whole number from ${minimum} to ${maximum}`;
    case "array":
      return `an array of ${minItems ?? 0} to ${maxItems} items`;
    case "object":
      return "a JSON object";
    default:
      return `a ${schema.type}`;
  }
}

/** A short scalar as the caller sent it, to be read after the rule. */
function found(value: unknown): string {
  // 1e400 is not what was sent, and neither is any other spelling of it.
  if ((value !== null && typeof value === "object") || Math.abs(Number(value)) === Infinity) {
    return "";
  }
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > longestEcho ? "" : `, found ${text}`;
}

/** Every fault of a value, each place once, with its JSON Pointer (RFC 6901). */
function* faultsOf(schema: TSchema, value: unknown): Generator<{ path: string; detail: string }> {
  const seen = new Set<string>();
  for (const error of Value.Errors(schema, value)) {
    // A missing member is reported twice: as missing, and as not of its type.
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    const missing =
      error.type === ValueErrorType.ObjectRequiredProperty || error.value === undefined;
    const detail = missing
      ? `Is missing, must be ${rule(error.schema)}`
      : `Must be ${rule(error.schema)}${found(error.value)}`;
    yield { path: error.path, detail };
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

/** `if-match` as people write it: `If-Match`. */
function fieldName(lowerCase: string): string {
  return lowerCase.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Every fault of a request: path, query, headers and body together. */
export function requestFaults(schemas: RequestSchemas, request: CheckedRequest): Fault[] {
  const faults: Fault[] = [];
  const collect = (part: keyof CheckedRequest, place: (path: string) => Omit<Fault, "detail">) => {
    const schema = schemas[part];
    if (!schema) return;
    for (const { path, detail } of faultsOf(schema, request[part])) {
      if (faults.length >= mostFaults) return;
      faults.push({ ...place(path), detail });
    }
  };
  collect("params", (path) => ({ parameter: path.slice(1) }));
  collect("query", (path) => ({ parameter: path.slice(1) }));
  collect("headers", (path) => ({ header: fieldName(path.slice(1)) }));
  collect("body", (path) => ({ pointer: `#${path}` }));
  return faults;
}
