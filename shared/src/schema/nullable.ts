// Members that may be null.
import { Type, type SchemaOptions, type TNull, type TSchema, type TUnion } from "@sinclair/typebox";

/**
 * The schema of a value that may also be null. Its validation errors read "Must be … or null". In the
 * API document it is `anyOf` with `{"type": "null"}`, as OpenAPI 3.1 has it.
 *
 * A member that may be left out as well is `Type.Optional(nullable(schema))`.
 *
 * @param keywords for the whole, such as `description`
 */
export function nullable<T extends TSchema>(
  schema: T,
  keywords: SchemaOptions = {},
): TUnion<[T, TNull]> {
  return Type.Union([schema, Type.Null()], keywords);
}
