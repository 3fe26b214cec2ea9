// The schemas of what clients send.
import { Type, type TObject, type TProperties, type TSchema } from "@sinclair/typebox";

/**
 * The schema of an object in a request: a body, a part of one, or the parameters of a URL. Members
 * that it does not know are ignored, for callers may be newer than we are.
 */
export function openObject<P extends TProperties>(
  properties: P,
  keywords: Record<string, unknown> = {},
): TObject<P> {
  const schema = Type.Object(properties, { ...keywords, additionalProperties: true });
  silence(schema);
  return schema;
}

/**
 * Elysia writes the whole refused value into the message of its validation error, which takes
 * seconds for a large or deep one and is thrown away here. A message of the schema's own prevents it.
 */
function silence(schema: TSchema): void {
  if (!("error" in schema)) {
    Object.defineProperty(schema, "error", { value: "Does not fit the schema" });
  }
  const parts: TSchema[] = [
    ...Object.values<TSchema>(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ];
  parts.forEach(silence);
}
