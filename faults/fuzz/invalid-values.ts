// Values that are almost valid: each breaks one rule of its schema.
import * as fc from "fast-check";
import type { Json } from "../../shared/src/openapi/types.ts";
import type { Schema } from "./valid-values.ts";

/** A value's JSON type. */
function jsonTypeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Values of every type but this one. */
function otherTypes(type: string): fc.Arbitrary<Json> {
  const values: fc.Arbitrary<Json>[] = [
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.array(fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>, { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
  ];
  const own = type === "integer" ? "number" : type;
  return fc.oneof(...values).filter((value) => jsonTypeOf(value) !== own);
}

const idOf = fc.uuid();

/** Spellings of a UUID that the services refuse. */
const invalidUuids: fc.Arbitrary<string> = fc.oneof(
  idOf.map((id) => id.replaceAll("-", "")),
  idOf.map((id) => `urn:uuid:${id}`),
  idOf.map((id) => `{${id}}`),
  idOf.map((id) => id.slice(1)),
  idOf.map((id) => `${id}0`),
  // Digits that are not ASCII, and letters past F.
  fc
    .tuple(idOf, fc.nat(35), fc.constantFrom("g", "Z", "_", "٣", "𝟘"))
    .map(([id, at, sign]) => id.slice(0, at) + sign + id.slice(at + 1)),
);

/** Lists of UUIDs that the services refuse. */
const invalidLists: fc.Arbitrary<string> = fc.oneof(
  invalidUuids,
  fc.tuple(idOf, invalidUuids).map((ids) => ids.join(",")),
  fc
    .tuple(idOf, idOf)
    .chain((ids) => fc.constantFrom(...[";", ", ", ",,"].map((by) => ids.join(by)))),
  idOf.chain((id) => fc.constantFrom(`${id},`, `,${id}`, "", ",")),
  idOf.map((id) => Array(101).fill(id).join(",")),
);

const label = fc.stringMatching(/^[a-z]{1,9}$/);

/** Texts that look like an e-mail address and are none. */
const invalidAddresses: fc.Arbitrary<string> = fc.oneof(
  label.map((name) => `${name}@localhost`),
  label.map((name) => `${name}.example.com`),
  label.map((name) => `@${name}.com`),
  label.map((name) => `${name}@`),
  label.map((name) => `a@${name}..com`),
  label.map((name) => `a@${name}.com.`),
  label.map((name) => `a@-${name}.com`),
  label.map((name) => `a@${name}-.com`),
  label.map((name) => `a b@${name}.com`),
  label.map((name) => `"a"@${name}.com`),
  label.map((name) => `a@b@${name}.com`),
  label.map((name) => `Alice <a@${name}.com>`),
  label.map((name) => `ä@${name}.com`),
  label.map((name) => `a@${name}.cöm`),
  label.map((name) => `a@[127.0.0.1]${name}`),
  label.map((name) => `a\u0000@${name}.com`),
  label.map((name) => `a@${name}.${"b".repeat(64)}.com`),
  fc.integer({ min: 243, max: 400 }).map((length) => `${"a".repeat(length)}@example.com`),
);

/** Texts that look like a time and are none. */
const invalidTimes: fc.Arbitrary<string> = fc
  .date({ min: new Date(0), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString())
  .chain((text) =>
    fc.constantFrom(
      text.slice(0, 10),
      text.slice(0, -1),
      text.replace("T", " "),
      text.replace(/-..T/, "-32T"),
      text.replace(/-..-..T/, "-02-30T"),
      text.replace(/T../, "T24"),
      text.replace("Z", " 02:00"),
      text.replace("Z", "+0200"),
      text.replace("Z", "+24:00"),
      text.replace(/:..\./, ":61."),
      text.replace(".", ","),
      `${text} `,
    ),
  );

const control = fc.constantFrom("\u0000", "\u0008", "\n", "\u001f", "\u007f", "\u0080", "\u009f");
const loneSurrogate = fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff", "\udc00\ud800");

function invalidTexts(min: number, max: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom("", " ", "\t\r\n", "\u3000").filter(() => min > 0),
    fc.string({ unit: fc.constantFrom("a", "é", "漢", "😀"), minLength: max + 1, maxLength: 400 }),
    fc.integer({ min: 400, max: 5000 }).map((length) => "o".repeat(length)),
    fc.oneof(control, loneSurrogate).map((sign) => `a${sign}b`),
  );
}

function invalidStrings(schema: Schema): fc.Arbitrary<string> | undefined {
  const { format, pattern, minLength = 0, maxLength } = schema;
  const words = schema.enum;
  if (words) {
    const near = fc
      .constantFrom(...words)
      .chain((word) => fc.constantFrom(word.toUpperCase(), `${word} `));
    return fc.oneof(near, fc.string()).filter((text) => !words.includes(text));
  }
  // The patterns in the documents are those of lists with commas.
  if (pattern !== undefined) return invalidLists.filter((list) => !new RegExp(pattern).test(list));
  if (format === "uuid") return invalidUuids;
  if (format === "email") return invalidAddresses;
  if (format === "date-time") return invalidTimes;
  return maxLength === undefined ? undefined : invalidTexts(minLength, maxLength);
}

function invalidNumbers({
  type,
  minimum: min = 0,
  maximum: max = 0,
}: Schema): fc.Arbitrary<number> {
  const outside = fc.oneof(
    fc.constantFrom(0, -0, -1, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, max + 1, max + 0.01),
    fc.double({ max: min, maxExcluded: true, noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: max, minExcluded: true, noNaN: true, noDefaultInfinity: true }),
  );
  const finest = type === "integer" ? 10 : 1000;
  const between = fc
    .integer({ min: min * finest, max: max * finest })
    .filter((units) => units % 10 !== 0)
    .map((units) => units / finest);
  return fc.oneof(outside, between);
}

/** Values that the contract refuses because of this place alone. */
export function invalidValue(schema: Schema): fc.Arbitrary<Json> {
  const others = otherTypes(schema.type);
  if (schema.type === "string") return fc.oneof(others, invalidStrings(schema) ?? others);
  if (schema.type === "integer" || schema.type === "number") {
    return fc.oneof(others, invalidNumbers(schema));
  }
  return others;
}

/** Texts that a parameter refuses; undefined if it accepts every text. */
export function invalidParameter(schema: Schema): fc.Arbitrary<string> | undefined {
  if (schema.type === "string")
    return invalidStrings(schema)?.filter((text) => text.isWellFormed());
  return fc.oneof(
    fc.constantFrom("", "0", "1001", "-1", "1.0", "1e2", "0x10", " 5", "5 ", "٣", "NaN", "null"),
    fc.bigInt({ min: 1001n }).map(String),
    fc.string().filter((text) => !/^\d+$/.test(text)),
  );
}
