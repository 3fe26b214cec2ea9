// TypeBox types of our own. JSON Schema counts string length in code points and knows decimal
// places; TypeBox counts UTF-16 units and floating-point remainders. A kind keeps the honest
// keywords in the API document and checks them here.
import { Kind, Type, TypeRegistry, type TSchema, type TUnsafe } from "@sinclair/typebox";

const rules = new Map<string, (schema: TSchema) => string>();

/** How a kind decides, and how it tells a caller what it would have accepted. */
export interface CustomTypeDefinition {
  /** Whether a value, already parsed from JSON or taken from the URL, is acceptable. */
  check(value: unknown, schema: TSchema): boolean;
  /** What is allowed, to be read after "Must be", such as `a UUID`. */
  rule(schema: TSchema): string;
}

/**
 * Defines a TypeBox type that validates with `check` and appears in the API document as the JSON
 * Schema keywords given to the returned function.
 */
export function customType<T>(
  name: string,
  { check, rule }: CustomTypeDefinition,
): (keywords: Record<string, unknown>) => TUnsafe<T> {
  TypeRegistry.Set<TSchema>(name, (schema, value) => check(value, schema));
  rules.set(name, rule);
  return (keywords) => Type.Unsafe<T>({ ...keywords, [Kind]: name });
}

/** What a schema of one of our kinds allows, or undefined for TypeBox's own types. */
export function customTypeRule(schema: TSchema): string | undefined {
  return rules.get(schema[Kind])?.(schema);
}
