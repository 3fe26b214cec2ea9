// Requests with exactly one fault, and the place where it is.
import * as fc from "fast-check";
import type { FieldError } from "../../shared/src/http/problem.ts";
import type { Json, Parameter } from "../../shared/src/openapi/types.ts";
import type { Known, Parts } from "./operations.ts";
import { readSchema, type Schema } from "./valid-values.ts";
import { wrongParameter, wrongValue } from "./invalid-values.ts";

/** Where a fault is, as a refusal names it. */
export type Place = Omit<FieldError, "detail">;

/** A request with one fault. */
export interface Faulty {
  readonly parts: Parts;
  readonly place: Place;
}

type Step = string | number;

/** A value with another one at the end of the path; undefined takes it out. */
function replaceAt(value: Json, [step, ...rest]: Step[], by: Json | undefined): Json | undefined {
  if (step === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, n) => (n === step ? (replaceAt(item, rest, by) ?? null) : item));
  }
  if (value === null || typeof value !== "object") throw new Error("The path leads nowhere");
  const { [step]: old = null, ...others } = value;
  const changed = replaceAt(old, rest, by);
  return changed === undefined ? others : { ...others, [step]: changed };
}

interface BodyPlace {
  readonly path: Step[];
  readonly wrong: fc.Arbitrary<Json | undefined>;
}

/** Every place of a body, with what it could hold by mistake. */
function bodyPlaces(schema: Schema, value: Json, path: Step[], isRequired: boolean): BodyPlace[] {
  const wrong: fc.Arbitrary<Json | undefined>[] = [wrongValue(schema)];
  const inside: BodyPlace[] = [];
  if (isRequired) wrong.push(fc.constant(undefined));
  const { properties = {}, required = [], items, minItems = 0, maxItems } = schema;
  if (Array.isArray(value) && items) {
    if (minItems > 0) wrong.push(fc.constant([]));
    const [first = null] = value;
    if (maxItems !== undefined) wrong.push(fc.constant(Array<Json>(maxItems + 1).fill(first)));
    value.forEach((item, n) => inside.push(...bodyPlaces(items, item, [...path, n], false)));
  } else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(properties)) {
      const member = value[name];
      if (member === undefined) continue;
      inside.push(...bodyPlaces(part, member, [...path, name], required.includes(name)));
    }
  }
  return [{ path, wrong: fc.oneof(...wrong) }, ...inside];
}

const wrongIfMatch = fc.constantFrom(
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

/** How a parameter of a request could be wrong, if it could be. */
function parameterFaults(parts: Parts, parameter: Parameter): fc.Arbitrary<Faulty> | undefined {
  const { name, in: place, schema } = parameter;
  if (place === "header") {
    if (name !== "If-Match") return undefined;
    return wrongIfMatch.map((value) => ({
      parts: { ...parts, headers: { ...parts.headers, [name]: value } },
      place: { header: name },
    }));
  }
  const wrong =
    name === "after" ? fc.string({ unit: "grapheme" }) : wrongParameter(readSchema(schema));
  return wrong
    ?.filter((value) => place === "query" || !["", ".", ".."].includes(value))
    .map((value) => ({
      parts:
        place === "path"
          ? { ...parts, id: value }
          : { ...parts, query: { ...parts.query, [name]: value } },
      place: { parameter: name },
    }));
}

/** A good request with one fault put into it; undefined if nothing of it can be wrong. */
export function oneFault(
  { parameters, body }: Known,
  parts: Parts,
): fc.Arbitrary<Faulty> | undefined {
  const faults = parameters.flatMap((parameter) => parameterFaults(parts, parameter) ?? []);
  if (body && parts.body !== undefined) {
    const sent = parts.body;
    const places = bodyPlaces(body, sent, [], true);
    faults.push(
      fc.constantFrom(...places).chain(({ path, wrong }) =>
        wrong.map((by) => {
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
  return faults.length > 0 ? fc.oneof(...faults) : undefined;
}
