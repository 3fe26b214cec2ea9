// Says what is wrong with a request, every error of it, in the words of the schema it does not match.
import type { TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType, type ValueError } from "@sinclair/typebox/value";
import { customTypeRule } from "../schema/custom-type.ts";
import { statedRule } from "../schema/rule.ts";
import { maxEchoLength, maxFieldErrors, type FieldError } from "./problem.ts";

/** ` from 1 to 9`, ` of at least 1`, ` of at most 9`, or nothing. */
function range(min: number | undefined, max: number | undefined, unit = ""): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${unit}`;
  if (min !== undefined) return ` of at least ${min}${unit}`;
  return max === undefined ? "" : ` of at most ${max}${unit}`;
}

/** What a schema allows, to be read after "Must be"; undefined if its keywords do not tell. */
function ruleOf(schema: TSchema): string | undefined {
  const stated = statedRule(schema) ?? customTypeRule(schema);
  if (stated !== undefined) return stated;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  return Array.isArray(schema.anyOf)
    ? ruleOfUnion(schema.anyOf)
    : rulesByType[schema.type]?.(schema);
}

/** What the keywords of a schema allow, by its `type`. */
const rulesByType: Record<string, (schema: TSchema) => string | undefined> = {
  integer: ({ minimum, maximum }) => `a whole number${range(minimum, maximum)}`,
  number: ({ minimum, maximum }) => `a number${range(minimum, maximum)}`,
  string: ({ pattern, format, minLength, maxLength }) =>
    pattern || format ? undefined : `text${range(minLength, maxLength, " characters")}`,
  array: ({ minItems, maxItems }) => `an array${range(minItems, maxItems, " items")}`,
  object: () => "a JSON object",
  boolean: () => "true or false",
  null: () => "null",
};

/** `one of "a", "b"`, `text or null`; undefined if one of the options has no rule. */
function ruleOfUnion(options: readonly TSchema[]): string | undefined {
  const literals = options.flatMap(({ const: literal }) =>
    literal === undefined ? [] : JSON.stringify(literal),
  );
  const rules = options.filter((option) => option.const === undefined).map(ruleOf);
  if (literals.length > 0) rules.unshift(`one of ${literals.join(", ")}`);
  return rules.includes(undefined) ? undefined : rules.join(" or ");
}

/** A short scalar as the client sent it, to be read after the rule; nothing for any other value. */
function found(value: unknown): string {
  // 1e400 is parsed as Infinity, which is not what the client sent.
  if ((value !== null && typeof value === "object") || Math.abs(Number(value)) === Infinity) {
    return "";
  }
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > maxEchoLength ? "" : `, found ${text}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * TypeBox reports a value that fits no option of a union as one error of the union. If the union is one
 * schema or null, and that schema's errors are further inside the value, they say more: they replace it.
 */
function* innermostErrors(errors: Iterable<ValueError>): Generator<ValueError> {
  for (const error of errors) {
    const options: TSchema[] = error.schema.anyOf ?? [];
    const [inner, ...others] = error.errors.filter((_, at) => options[at]?.type !== "null");
    const first = others.length === 0 ? inner?.First() : undefined;
    if (inner === undefined || first === undefined || first.path === error.path) yield error;
    else {
      // First() has taken it out of the iterator.
      yield* innermostErrors([first]);
      yield* innermostErrors(inner);
    }
  }
}

/** Every error of a value, one for each place, which is a JSON Pointer (RFC 6901). */
function* errorsIn(schema: TSchema, value: unknown): Generator<{ path: string; detail: string }> {
  const seen = new Set<string>();
  for (const error of innermostErrors(Value.Errors(schema, value))) {
    // TypeBox reports a missing member twice: as missing, and as not of its type.
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    const isMissing =
      error.type === ValueErrorType.ObjectRequiredProperty || error.value === undefined;
    const allowed = ruleOf(error.schema);
    const isOwn = allowed !== undefined && error.type !== ValueErrorType.ObjectAdditionalProperties;
    const must = isOwn ? `must be ${allowed}` : error.message;
    yield {
      path: error.path,
      detail: isMissing ? `Is missing, ${must}` : `${capitalized(must)}${found(error.value)}`,
    };
  }
}

/** The parts of a request that a route may have schemas for. */
export interface CheckedRequest {
  params?: unknown;
  query?: unknown;
  headers?: Readonly<Record<string, unknown>>;
  body?: unknown;
}

/** The schemas of a route, each for the part of the request with the same name. */
export type RequestSchemas = { [Part in keyof CheckedRequest]?: TSchema | undefined };

/** The name of a header field as people write it: `if-match` as `If-Match`. */
export function canonicalHeaderName(lowerCase: string): string {
  return lowerCase.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Where an error is, as a response names it. */
type Place = Omit<FieldError, "detail">;

/**
 * The errors of path, query, headers and body together, at most 1,000.
 *
 * @param queryErrors what is wrong with the query string beyond its schema; of a parameter that is in
 * here, the schema's error is left out
 */
export function validationErrors(
  schemas: RequestSchemas,
  request: CheckedRequest,
  queryErrors: readonly FieldError[] = [],
): FieldError[] {
  const fieldErrors: FieldError[] = [];
  const named = new Set(queryErrors.map(({ parameter }) => parameter));
  const collect = (part: keyof CheckedRequest, place: (path: string) => Place) => {
    const schema = schemas[part];
    if (!schema) return;
    for (const { path, detail } of errorsIn(schema, request[part])) {
      if (fieldErrors.length >= maxFieldErrors) return;
      if (part === "query" && named.has(path.slice(1))) continue;
      fieldErrors.push({ ...place(path), detail });
    }
  };
  collect("params", (path) => ({ parameter: path.slice(1) }));
  collect("query", (path) => ({ parameter: path.slice(1) }));
  fieldErrors.push(...queryErrors.slice(0, maxFieldErrors - fieldErrors.length));
  collect("headers", (path) => ({ header: canonicalHeaderName(path.slice(1)) }));
  collect("body", (path) => ({ pointer: `#${path}` }));
  return fieldErrors;
}

/** The schemas that have an `error` text, as their subschemas do: routes share them. */
const brief = new WeakSet<TSchema>();

/** Gives a schema and its subschemas an `error` text. */
function addErrorText(schema: TSchema): void {
  if (brief.has(schema)) return;
  brief.add(schema);
  if (!("error" in schema)) {
    // Not enumerable, so that the published schema does not have it.
    Object.defineProperty(schema, "error", { value: "Does not match the schema" });
  }
  const subschemas: TSchema[] = [
    ...Object.values<TSchema>(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ];
  subschemas.forEach(addErrorText);
}

/**
 * Gives the schemas of a route an `error` text, which Elysia takes for the message of its
 * ValidationError when it compiles the route. Without one, Elysia serializes the whole rejected value
 * into that message, which nothing reads: seconds and gigabytes for a large or deep body.
 */
export function makeErrorsBrief({ body, params, query, headers }: RequestSchemas): void {
  for (const schema of [body, params, query, headers]) if (schema) addErrorText(schema);
}
