// TypeBox types of our own. JSON Schema counts the length of a string in code points and knows
// decimal places; TypeBox counts UTF-16 units and takes floating-point remainders. A custom type
// publishes the keywords of JSON Schema in the API document and checks them by its own rule.
import { Kind, Type, TypeRegistry, type TSchema, type TUnsafe } from "@sinclair/typebox";

/** How a custom type reads a value, and how an error tells the client what would be accepted. */
export interface CustomTypeDefinition<T> {
  /**
   * The normal form of a value from a request (parsed from JSON, or text from the URL); undefined
   * refuses the value. The normal form of a normal form is itself: Elysia parses a query twice.
   */
  parse(value: unknown, schema: TSchema): T | undefined;
  /** What is allowed, to be read after "Must be", such as `a UUID`. */
  rule(schema: TSchema): string;
}

const definitions = new Map<string, CustomTypeDefinition<unknown>>();

/**
 * Defines a TypeBox type that accepts what `parse` accepts.
 *
 * @returns makes a schema of the type; its keywords are what the API document shows
 */
export function customType<T>(
  name: string,
  definition: CustomTypeDefinition<T>,
): (keywords: Record<string, unknown>) => TUnsafe<T> {
  TypeRegistry.Set<TSchema>(name, (schema, value) => definition.parse(value, schema) !== undefined);
  definitions.set(name, definition);
  return (keywords) => Type.Unsafe<T>({ ...keywords, [Kind]: name });
}

/** What a schema of a custom type allows; undefined for TypeBox's own types. */
export function customTypeRule(schema: TSchema): string | undefined {
  return definitions.get(schema[Kind])?.rule(schema);
}

/**
 * The normal form of a value that `schema` accepts: of a custom type, what its `parse` returns; of a
 * union, such as a nullable type, what the first custom type that accepts the value returns; of an array,
 * the normal forms of its items; of TypeBox's other types, the value itself.
 */
export function normalForm(schema: TSchema, value: unknown): unknown {
  if (Array.isArray(value) && schema.items) {
    return value.map((item) => normalForm(schema.items, item));
  }
  const options: readonly TSchema[] = schema.anyOf ?? [schema];
  for (const option of options) {
    const normal = definitions.get(option[Kind])?.parse(value, option);
    if (normal !== undefined) return normal;
  }
  return value;
}
