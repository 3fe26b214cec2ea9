// Strict queries: a route knows each parameter, gets it once, and gets a value. A misspelt filter that
// was ignored would list everything.
import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { SecretName } from "../core/storage.ts";
import { normalFormIfAccepted } from "../schema/custom-type.ts";
import { maxEchoLength, maxFieldErrors, type FieldError } from "./problem.ts";

/** The parameters of a query by their names, decoded. What its schema accepts is in its normal form. */
export type QueryValues = Readonly<Record<string, string>>;

/**
 * Finds an error that shows in several parameters together.
 *
 * @param values may have values that do not match their schemas
 * @param secret finds a secret of the service's storage
 */
export type QueryCheck = (
  values: QueryValues,
  secret: (name: SecretName) => Uint8Array,
) => FieldError | undefined;

// A symbol: the API document does not show it.
const checkKey = Symbol("query check");

/** A copy of the schema of a query that has to pass a check of all its parameters too. */
export function withQueryCheck<T extends TSchema>(schema: T, check: QueryCheck): T {
  return { ...schema, [checkKey]: check };
}

/** The schema of a query; undefined for a route without parameters. */
export type QuerySchema = (TSchema & { readonly [checkKey]?: QueryCheck }) | undefined;

/** What a query string has, and what is wrong with it beyond the schema of a single parameter. */
interface ParsedQuery {
  /** A repeated parameter is empty. */
  readonly values: QueryValues;
  readonly fieldErrors: readonly FieldError[];
}

/** The first {@link maxEchoLength} characters of a name. */
function echoedName(name: string): string {
  // A character has one or two UTF-16 units.
  return Array.from(name.slice(0, 2 * maxEchoLength))
    .slice(0, maxEchoLength)
    .join("");
}

/** The error of a parameter that the route does not know. */
export function unknownParameter(name: string, schema: QuerySchema): FieldError {
  const known = Object.keys(schema?.properties ?? {});
  const others =
    known.length > 1
      ? `known are ${known.join(", ")}`
      : known.length === 1
        ? `known is ${known[0]}`
        : "no parameter is known";
  return { parameter: echoedName(name), detail: `Is not known here; ${others}` };
}

/** The name and the value of a parameter. */
function decodePair(pair: string): readonly [name: string, value: string] {
  // Most queries need no decoding, and a URLSearchParams takes longer than the rest of the parsing.
  if (/[%+]/.test(pair)) {
    // URLSearchParams drops a question mark at the start of its text, which here is part of a name.
    for (const decoded of new URLSearchParams(`&${pair}`)) return decoded;
  }
  const end = pair.indexOf("=");
  return end < 0 ? [pair, ""] : [pair.slice(0, end), pair.slice(end + 1)];
}

/**
 * Parses the query string of a request, as HTML forms encode it: `+` is a space. It leaves the check of all
 * parameters out, which would open a cursor that the handler opens anyway.
 *
 * @param text what follows the question mark
 */
export function parseParameters(text: string, schema: QuerySchema): ParsedQuery {
  const known: Readonly<Record<string, TSchema>> = schema?.properties ?? {};
  // Without a prototype, so that `__proto__` is a name like any other.
  const values: Record<string, string> = Object.create(null);
  const errors = new Map<string, FieldError>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    if (errors.size >= maxFieldErrors) break;
    const [name, value] = decodePair(pair);
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (parameter === undefined) errors.set(name, unknownParameter(name, schema));
    else if (name in values) {
      values[name] = "";
      errors.set(name, { parameter: name, detail: "Must not be repeated" });
    } else {
      values[name] = normalFormIfAccepted(parameter, value);
      // A schema that rejects an empty value says more about what it accepts.
      if (value === "" && Value.Check(parameter, value)) {
        errors.set(name, { parameter: name, detail: "Must not be empty" });
      }
    }
  }
  return { values, fieldErrors: [...errors.values()] };
}

/** Parses a query string like {@link parseParameters}, and runs the check of all parameters too. */
export function parseQuery(
  text: string,
  schema: QuerySchema,
  secret: (name: SecretName) => Uint8Array,
): ParsedQuery {
  const { values, fieldErrors } = parseParameters(text, schema);
  const checkError = schema?.[checkKey]?.(values, secret);
  return { values, fieldErrors: checkError ? [...fieldErrors, checkError] : fieldErrors };
}

/** A query string has errors that the schema of the query does not find; {@link parseQuery} finds them. */
export class QueryMismatch extends Error {
  override readonly name = "QueryMismatch";
}
