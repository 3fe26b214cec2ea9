// How long the JSON of a value can become, by its schema.
import type { TSchema } from "@sinclair/typebox";

const uuidLength = 36;

/** Of a JSON number: a sign, 17 digits, a point and an exponent. */
const numberBytes = 24;

/**
 * The most bytes that `JSON.stringify()` makes of a value, in UTF-8; infinite where the schema has no bound.
 * A character takes up to four bytes: control characters take six, and text has none.
 */
export function maxJsonBytes({ type, format, maxLength, properties = {} }: TSchema): number {
  if (type === "integer" || type === "number") return numberBytes;
  if (type === "string") return 2 + 4 * (format === "uuid" ? uuidLength : (maxLength ?? Infinity));
  if (type !== "object") return Infinity;
  const members = Object.entries<TSchema>(properties).map(
    ([name, member]) => Buffer.byteLength(JSON.stringify(name)) + 2 + maxJsonBytes(member),
  );
  return members.reduce((sum, bytes) => sum + bytes, 2);
}
