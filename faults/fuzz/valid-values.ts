// Values that the contract accepts, made from the document's schemas and from what is written about
// them: text, addresses, prices.
import * as fc from "fast-check";
import type { Json, JsonSchema } from "../../shared/src/openapi/types.ts";

/** The keywords that our documents use. */
export interface Schema {
  readonly type: "object" | "array" | "string" | "integer" | "number";
  readonly format?: "uuid" | "email";
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

/** A schema of a document, in the keywords that are known here. */
export function readSchema(schema: JsonSchema): Schema {
  // Whoever uses another type or format is told where it is met.
  return schema as unknown as Schema;
}

/** A JSON object. */
export type JsonObject = { [member: string]: Json };

/** What trimming removes. */
const padding = fc.constantFrom("", "", "", " ", "\t\n", "\u00a0", "\u3000\r", "\ufeff");

/** The form in which text is stored, by the words of the contract. */
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

/** Of an address that is to be different from all others there has to be room for a number. */
const longestAddress = 230;

let addresses = 0;

/** An address that nobody had before. */
function unusedAddress(address: string): string {
  addresses += 1;
  return `${addresses}.${address}`;
}

const address = fc.emailAddress().filter((text) => text.length <= longestAddress);

/** The same identifier in upper case, lower case or both. */
function inAnyCase(id: string): fc.Arbitrary<string> {
  return fc.mixedCase(fc.constant(id), { untoggleAll: (text) => text });
}

/** A number of whole cents. */
function price(min: number, max: number): fc.Arbitrary<number> {
  const [fewest, most] = [Math.round(min * 100), Math.round(max * 100)];
  return fc
    .oneof(fc.integer({ min: fewest, max: most }), fc.integer({ min: fewest, max: 10_000 }))
    .map((cents) => cents / 100);
}

function validString(schema: Schema): fc.Arbitrary<string> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  if (schema.format === "uuid") return fc.uuid().chain(inAnyCase);
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

/** Any value that the contract accepts in this place. */
export function validValue(schema: Schema): fc.Arbitrary<Json> {
  const { type, items, minItems: minLength = 0, maxItems: maxLength = 20 } = schema;
  const { minimum: min = 0, maximum: max = 1000 } = schema;
  switch (type) {
    case "object":
      return validObject(schema);
    case "array":
      if (!items) throw new Error("Cannot make an array of anything");
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
      throw new Error(`Cannot make a value of ${JSON.stringify(schema)}`);
  }
}
