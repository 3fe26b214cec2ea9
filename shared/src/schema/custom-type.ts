// TypeBox types of our own. JSON Schema counts the length of a string in code points and knows
// decimal places; TypeBox counts UTF-16 units and takes floating-point remainders. A custom type
// publishes the keywords of JSON Schema in the API document and checks them by its own rule.
import { Kind, Type, TypeRegistry, type TSchema, type TUnsafe } from "@sinclair/typebox";

/** How a custom type checks a value, and how an error tells the client what would be accepted. */
export interface CustomTypeDefinition<T> {
  /** Whether a value is acceptable: parsed from JSON, text from the URL, or about to be sent. */
  check(value: unknown, schema: TSchema): boolean;
  /**
   * The normal form of an acceptable value, in which handlers get it. It is acceptable too, and its own
   * normal form: Elysia checks a query that has it. Default: the value as it is.
   */
  normalise?(value: T, schema: TSchema): T;
  /** What is allowed, to be read after "Must be", such as `a UUID`. */
  rule(schema: TSchema): string;
}

const definitions = new Map<string, CustomTypeDefinition<unknown>>();

/**
 * Defines a TypeBox type that accepts what `check` accepts.
 *
 * @param name for readers of an error; two types may have the same
 * @returns makes a schema of the type; its keywords are what the API document shows
 */
export function customType<T>(
  name: string,
  definition: CustomTypeDefinition<T>,
): (keywords: Record<string, unknown>) => TUnsafe<T> {
  // A page of a hundred users calls these five hundred times: a captured function is the fastest call.
  const { check } = definition;
  // TypeBox would let the second type of one name take the place of the first.
  const kind = `${name} ${definitions.size}`;
  TypeRegistry.Set<TSchema>(kind, (schema, value) => check(value, schema));
  definitions.set(kind, definition);
  return (keywords) => Type.Unsafe<T>({ ...keywords, [Kind]: kind });
}

/** What a schema of a custom type allows; undefined for TypeBox's own types. */
export function customTypeRule(schema: TSchema): string | undefined {
  return definitions.get(schema[Kind])?.rule(schema);
}

/** The normal form of a value if `schema`, a custom type, accepts it; every other value as it is. */
export function normalFormIfAccepted<T>(schema: TSchema, value: T): T {
  const definition = definitions.get(schema[Kind]);
  if (!definition?.normalise || !definition.check(value, schema)) return value;
  // A definition's normal forms have the type of its values, which the map of all definitions loses.
  return definition.normalise(value, schema) as T;
}

/**
 * The normal form of a value that `schema` accepts. In a union, such as a nullable type, the first custom
 * type that accepts the value decides; an array has the normal forms of its items; a value of TypeBox's
 * other types is its own normal form.
 */
export function normalForm(schema: TSchema, value: unknown): unknown {
  if (Array.isArray(value) && schema.items) {
    return value.map((item) => normalForm(schema.items, item));
  }
  const options: readonly TSchema[] = schema.anyOf ?? [schema];
  for (const option of options) {
    const definition = definitions.get(option[Kind]);
    if (definition === undefined) continue;
    // The schema accepts the value, so its only option does: checking text again takes longer than this.
    if (options.length > 1 && !definition.check(value, option)) continue;
    return definition.normalise?.(value, option) ?? value;
  }
  return value;
}
