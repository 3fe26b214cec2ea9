// TypeBox schemas as the API document shows them, and the examples that they hold.
import type { Json, JsonSchema } from "./types.ts";

/** Whether a JSON value is an object. */
export function isJsonObject(value: Json | undefined): value is { [member: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A schema without what only TypeBox sees: its symbols. */
export function plainSchema(schema: object): JsonSchema {
  // Schemas are JSON but for their symbols, which JSON.stringify leaves out.
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}

/** An example of what a schema describes: its own, or one made of those of its parts. */
export function exampleOf(schema: JsonSchema): Json | undefined {
  if (Array.isArray(schema.examples)) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (Array.isArray(schema.anyOf)) return exampleOfPart(schema.anyOf[0]);
  if (schema.type === "array") {
    const item = exampleOfPart(schema.items);
    return item === undefined ? undefined : [item];
  }
  return isJsonObject(schema.properties) ? exampleOfObject(schema.properties, schema) : undefined;
}

function exampleOfPart(schema: Json | undefined): Json | undefined {
  return isJsonObject(schema) ? exampleOf(schema) : undefined;
}

function exampleOfObject(
  properties: { [name: string]: Json },
  { required }: JsonSchema,
): Json | undefined {
  const example: { [name: string]: Json } = {};
  for (const [name, schema] of Object.entries(properties)) {
    const value = exampleOfPart(schema);
    if (value !== undefined) example[name] = value;
    else if (Array.isArray(required) && required.includes(name)) return undefined;
  }
  return example;
}

/**
 * A schema as the document refers to it. Schemas with a `title` become components of that name;
 * unions of literals become enumerations, which readers and generators understand better. Closed
 * objects are left open: that nothing is ever added to them is no promise that we make.
 *
 * @throws Error if two different schemas have the same title
 */
export function toComponent(
  schema: JsonSchema,
  components: Record<string, JsonSchema>,
): JsonSchema {
  const published = enumeration(mapSubschemas(schema, (part) => toComponent(part, components)));
  // Elysia writes `false` into schemas itself, into each when a request first needs it.
  if (published.additionalProperties === false) delete published.additionalProperties;
  const { title } = published;
  if (typeof title !== "string") return published;
  const known = components[title];
  if (known !== undefined && !Bun.deepEquals(known, published)) {
    throw new Error(`Cannot document the API: two different schemas are titled "${title}"`);
  }
  components[title] = published;
  return { $ref: `#/components/schemas/${title}` };
}

/** The schema with each schema directly inside it changed. Examples are values, not schemas. */
export function mapSubschemas(
  schema: JsonSchema,
  change: (part: JsonSchema) => JsonSchema,
): JsonSchema {
  const changed = { ...schema };
  const changePart = (part: Json) => (isJsonObject(part) ? change(part) : part);
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties" && isJsonObject(value)) {
      const parts = Object.entries(value).map(([name, part]) => [name, changePart(part)]);
      changed[keyword] = Object.fromEntries(parts);
    } else if (/^(anyOf|oneOf|allOf)$/.test(keyword) && Array.isArray(value)) {
      changed[keyword] = value.map(changePart);
    } else if (/^(items|additionalProperties|not)$/.test(keyword)) {
      changed[keyword] = changePart(value);
    }
  }
  return changed;
}

function enumeration(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const literals = anyOf.filter(isJsonObject).filter((option) => option.const !== undefined);
  if (literals.length < anyOf.length) return schema;
  const types = new Set(literals.map(({ type }) => type));
  const [type] = types;
  return {
    ...rest,
    ...(types.size === 1 && type !== undefined ? { type } : {}),
    enum: literals.map((literal) => literal.const ?? null),
  };
}
