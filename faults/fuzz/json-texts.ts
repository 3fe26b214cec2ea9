// JSON texts, with everything that the grammar allows and a JavaScript value cannot hold.
import * as fc from "fast-check";

/** Member names that mean something to JavaScript or to the schemas, and meaningless ones. */
const names = (
  "__proto__ constructor prototype toString hasOwnProperty valueOf then toJSON length name email " +
  "user_id items sku quantity unit_price status id a/b~c"
).split(" ");

const escapes = String.raw`\ud800 \udfff\ud800 \u0000 \u202e \/ \b \uFEFF \ud83d\ude00`.split(" ");

/** Strings, also with escapes that no serialiser writes. */
const stringText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
  fc.string().map((text) => JSON.stringify(text)),
  fc
    .array(fc.constantFrom(...escapes, "a", " "), { maxLength: 8 })
    .map((parts) => `"${parts.join("")}"`),
  fc.integer({ min: 90, max: 3000 }).map((length) => `"${"x".repeat(length)}"`),
);

/** Numbers, also too large, too precise or in unusual spellings. */
export const numberText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(..."1e400 -1e400 -0 0.0 1e-400 1E+2 10e-1 1.0 0.30000000000000004".split(" ")),
  fc.constantFrom("123456789012345678901234567890", "9007199254740993", "19.990000000000000001"),
  fc.constantFrom(
    ..."1e-7 5e-324 1.7976931348623157e308".split(" "),
    `1${"0".repeat(400)}`,
    `0.${"0".repeat(400)}1`,
  ),
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/),
);

const nameText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("", ...names).map((name) => JSON.stringify(name)) },
  stringText,
);

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom("null", "true", "false", "{}", "[]"),
    numberText,
    stringText,
    fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(nameText, tie("value")), { maxLength: 6 })
      .map((members) => `{${members.map((member) => member.join(":")).join(" , ")}}`),
  ),
}));

/** Any JSON text: member names may be repeated, and may be `__proto__`. */
export const jsonText: fc.Arbitrary<string> = value;
