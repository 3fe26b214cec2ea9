// Values that the contract accepts, generated from the document's schemas and from the rules that only
// its text states: for text, addresses and prices.
import * as fc from "fast-check";
import type { Json, JsonSchema } from "../../shared/src/openapi/types.ts";

/** The schema keywords that the documents use. */
export interface Schema {
  readonly type: "object" | "array" | "string" | "integer" | "number";
  readonly format?: "uuid" | "email" | "date-time";
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
}

/** Reads a schema of a document. */
export function readSchema(schema: JsonSchema): Schema {
  // `validValue` throws at a type that it does not know.
  return schema as unknown as Schema;
}

/** A JSON object. */
export type JsonObject = { [member: string]: Json };

/** White space that trimming removes. */
const padding = fc.constantFrom("", "", "", " ", "\t\n", "\u00a0", "\u3000\r", "\ufeff");

/** The form in which the services store text. */
export function storedText(text: string): string {
  return text.trim().normalize("NFC");
}

function isText(text: string, min: number, max: number): boolean {
  const stored = storedText(text);
  const length = Array.from(stored).length;
  return length >= min && length <= max && stored.isWellFormed() && !/\p{Cc}/u.test(stored);
}

function validText(min: number, max: number): fc.Arbitrary<string> {
  const units = ["grapheme-ascii", "grapheme", "binary"] as const;
  const texts = units.flatMap((unit) => [
    fc.string({ unit, minLength: min, maxLength: max }),
    fc.string({ unit, minLength: max - 1, maxLength: max }),
  ]);
  return fc
    .tuple(padding, fc.oneof(...texts), padding)
    .map((parts) => parts.join(""))
    .filter((text) => isText(text, min, max));
}

/** Leaves room for the number that makes an address unique. */
const maxAddressLength = 230;

let addresses = 0;

/** Makes an address unique. */
function unusedAddress(address: string): string {
  addresses += 1;
  return `${addresses}.${address}`;
}

const address = fc.emailAddress().filter((text) => text.length <= maxAddressLength);

/** The same id in upper, lower or mixed case. */
function inAnyCase(id: string): fc.Arbitrary<string> {
  return fc.mixedCase(fc.constant(id), { untoggleAll: (text) => text });
}

/** A price of whole cents. */
function price(min: number, max: number): fc.Arbitrary<number> {
  const [minCents, maxCents] = [Math.round(min * 100), Math.round(max * 100)];
  return fc
    .oneof(fc.integer({ min: minCents, max: maxCents }), fc.integer({ min: minCents, max: 10_000 }))
    .map((cents) => cents / 100);
}

/** A time as RFC 3339 allows it: with any offset and any number of fraction digits. */
const time = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true }),
    fc.stringMatching(/^(?:\.\d{1,30})?$/),
    fc.constantFrom("Z", "z", "+00:00", "-00:00", "+14:00", "-23:59"),
    fc.constantFrom("T", "t"),
  )
  .map(([date, fraction, offset, separator]) => {
    const [day = "", rest = ""] = date.toISOString().split("T");
    return `${day}${separator}${rest.slice(0, 8)}${fraction}${offset}`;
  });

function validString(schema: Schema): fc.Arbitrary<string> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  if (schema.format === "uuid") return fc.uuid().chain(inAnyCase);
  if (schema.format === "date-time") return time;
  if (schema.format === "email") return address.map(unusedAddress);
  return validText(schema.minLength ?? 0, schema.maxLength ?? 300);
}

function validObject({ properties = {}, required = [] }: Schema): fc.Arbitrary<JsonObject> {
  const members = Object.entries(properties).map(([name, part]) => [name, validValue(part)]);
  return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<Json>>, {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
}

/** Values that the contract accepts in this place. */
export function validValue(schema: Schema): fc.Arbitrary<Json> {
  const { type, items, minItems: minLength = 0, maxItems: maxLength = 20 } = schema;
  const { minimum: min = 0, maximum: max = 1000 } = schema;
  switch (type) {
    case "object":
      return validObject(schema);
    case "array":
      if (!items) throw new Error("Cannot generate an array without a schema of its items");
      return fc.oneof(
        { weight: 9, arbitrary: fc.array(validValue(items), { minLength, maxLength: 5 }) },
        fc.array(validValue(items), { minLength: maxLength, maxLength }),
      );
    case "string":
      return validString(schema);
    case "integer":
      return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
    case "number":
      return price(min, max);
    default:
      throw new Error(`Cannot generate a value of ${JSON.stringify(schema)}`);
  }
}
