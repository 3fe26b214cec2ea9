// Requests with exactly one error, and the place of the error.
import * as fc from "fast-check";
import type { FieldError } from "../../shared/src/http/problem.ts";
import type { Json, Parameter } from "../../shared/src/openapi/types.ts";
import { invalidParameter, invalidValue } from "./invalid-values.ts";
import type { Operation, Parts } from "./operations.ts";
import { readSchema, type Schema } from "./valid-values.ts";

/** The place of an error, as a problem document names it. */
export type Place = Omit<FieldError, "detail">;

/** A request with one error. */
export interface InvalidRequest {
  readonly parts: Parts;
  readonly place: Place;
}

type Step = string | number;

/** Replaces the value at the end of the path; undefined removes it. */
function replaceAt(value: Json, [step, ...rest]: Step[], by: Json | undefined): Json | undefined {
  if (step === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, n) => (n === step ? (replaceAt(item, rest, by) ?? null) : item));
  }
  if (value === null || typeof value !== "object") throw new Error("The path does not exist");
  const { [step]: old = null, ...others } = value;
  const changed = replaceAt(old, rest, by);
  return changed === undefined ? others : { ...others, [step]: changed };
}

interface BodyPlace {
  readonly path: Step[];
  readonly invalid: fc.Arbitrary<Json | undefined>;
}

/** Every place of a body, with invalid values for it. */
function bodyPlaces(schema: Schema, value: Json, path: Step[], isRequired: boolean): BodyPlace[] {
  const invalid: fc.Arbitrary<Json | undefined>[] = [invalidValue(schema)];
  const inside: BodyPlace[] = [];
  if (isRequired) invalid.push(fc.constant(undefined));
  const { properties = {}, required = [], items, minItems = 0, maxItems } = schema;
  if (Array.isArray(value) && items) {
    if (minItems > 0) invalid.push(fc.constant([]));
    const [first = null] = value;
    if (maxItems !== undefined) invalid.push(fc.constant(Array<Json>(maxItems + 1).fill(first)));
    value.forEach((item, n) => inside.push(...bodyPlaces(items, item, [...path, n], false)));
  } else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(properties)) {
      const member = value[name];
      if (member === undefined) continue;
      inside.push(...bodyPlaces(part, member, [...path, name], required.includes(name)));
    }
  }
  return [{ path, invalid: fc.oneof(...invalid) }, ...inside];
}

const invalidIfMatch = fc.constantFrom(
  "abc",
  '"a',
  'a"',
  "W/abc",
  'w/"a"',
  '"a" "b"',
  '*, "a"',
  '"a b"',
  "W/",
  ",",
  '""x',
  '"\\""',
);

/** Requests in which this parameter is invalid; undefined if every value is valid. */
function withInvalidParameter(
  parts: Parts,
  parameter: Parameter,
): fc.Arbitrary<InvalidRequest> | undefined {
  const { name, in: place, schema } = parameter;
  if (place === "header") {
    if (name !== "If-Match") return undefined;
    return invalidIfMatch.map((value) => ({
      parts: { ...parts, headers: { ...parts.headers, [name]: value } },
      place: { header: name },
    }));
  }
  const invalid =
    name === "after" ? fc.string({ unit: "grapheme" }) : invalidParameter(readSchema(schema));
  return invalid
    ?.filter((value) => place === "query" || !["", ".", ".."].includes(value))
    .map((value) => ({
      parts:
        place === "path"
          ? { ...parts, id: value }
          : { ...parts, query: { ...parts.query, [name]: value } },
      place: { parameter: name },
    }));
}

/** A valid request with one error put into it; undefined if no part of it can be invalid. */
export function withOneError(
  { parameters, body }: Operation,
  parts: Parts,
): fc.Arbitrary<InvalidRequest> | undefined {
  const requests = parameters.flatMap((parameter) => withInvalidParameter(parts, parameter) ?? []);
  if (body && parts.body !== undefined) {
    const sent = parts.body;
    const places = bodyPlaces(body, sent, [], true);
    requests.push(
      fc.constantFrom(...places).chain(({ path, invalid }) =>
        invalid.map((by) => {
          const { body: _, ...others } = parts;
          const changed = replaceAt(sent, path, by);
          return {
            parts: changed === undefined ? others : { ...others, body: changed },
            place: { pointer: ["#", ...path].join("/") },
          };
        }),
      ),
    );
  }
  return requests.length > 0 ? fc.oneof(...requests) : undefined;
}
