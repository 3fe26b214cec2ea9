// TypeBox schemas as the API document shows them, and the examples in them.
import type { Json, JsonSchema } from "./types.ts";

/** Whether a JSON value is an object. */
export function isJsonObject(value: Json | undefined): value is { [member: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A schema without TypeBox's symbols. */
export function plainSchema(schema: object): JsonSchema {
  // JSON.stringify leaves out the symbols; everything else in a schema is JSON.
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}

/** A value that fits a schema: the schema's own example, or one made from the examples of its parts. */
export function exampleOf(schema: Json | undefined): Json | undefined {
  if (!isJsonObject(schema)) return undefined;
  const { examples, const: constant, enum: values, anyOf, properties, required } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (constant !== undefined) return constant;
  if (Array.isArray(values)) return values[0];
  if (Array.isArray(anyOf)) return exampleOf(anyOf[0]);
  if (schema.type === "array") {
    const item = exampleOf(schema.items);
    return item === undefined ? undefined : [item];
  }
  if (!isJsonObject(properties)) return undefined;
  const example: { [name: string]: Json } = {};
  for (const [name, property] of Object.entries(properties)) {
    const value = exampleOf(property);
    if (value !== undefined) example[name] = value;
    else if (Array.isArray(required) && required.includes(name)) return undefined;
  }
  return example;
}

/** The schemas of a document that have a name. */
export type SchemaComponents = Record<string, JsonSchema>;

/**
 * The reference to a schema that has a `title`, which becomes its name in `components`; a schema
 * without a title as it is. Of two different schemas with one title, the first is the component and
 * the second is not replaced.
 *
 * Unions of literals become enumerations, which generators of clients understand better. Closed
 * objects become open ones: a later version may add members.
 */
export function toComponent(schema: JsonSchema, components: SchemaComponents): JsonSchema {
  const component = toEnumeration(mapSubschemas(schema, (part) => toComponent(part, components)));
  // Elysia adds the `false` to a schema when the first request needs it.
  if (component.additionalProperties === false) delete component.additionalProperties;
  const { title } = component;
  if (typeof title !== "string") return component;
  const known = (components[title] ??= component);
  return Bun.deepEquals(known, component) ? { $ref: `#/components/schemas/${title}` } : component;
}

/**
 * A copy of the schema in which `change` has replaced each direct subschema. Examples are values, and stay
 * as they are.
 */
export function mapSubschemas(
  schema: JsonSchema,
  change: (part: JsonSchema) => JsonSchema,
): JsonSchema {
  const changed = { ...schema };
  const changePart = (part: Json): Json => {
    if (Array.isArray(part)) return part.map(changePart);
    return isJsonObject(part) ? change(part) : part;
  };
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties" && isJsonObject(value)) {
      const parts = Object.entries(value).map(([name, part]) => [name, changePart(part)]);
      changed[keyword] = Object.fromEntries(parts);
    } else if (/^(anyOf|oneOf|allOf|items|additionalProperties|not)$/.test(keyword)) {
      changed[keyword] = changePart(value);
    }
  }
  return changed;
}

/** A union of literals as an enumeration; any other schema as it is. */
function toEnumeration(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const values = anyOf.flatMap((option) => (isJsonObject(option) ? (option.const ?? []) : []));
  if (values.length < anyOf.length) return schema;
  const [type, ...otherTypes] = new Set(values.map((value) => typeof value));
  return { ...rest, ...(type && otherTypes.length === 0 ? { type } : {}), enum: values };
}
