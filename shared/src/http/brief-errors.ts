// Keeps Elysia from writing refused values into messages that nobody reads.
import type { TSchema } from "@sinclair/typebox";

/**
 * Gives a schema and its parts a message of their own. Without one, Elysia writes the whole refused
 * value into its validation error: seconds and gigabytes for a large or deep one.
 */
export function makeErrorsBrief(schema: TSchema): void {
  if (!("error" in schema)) {
    // Not enumerable: it is no part of the schema that is published.
    Object.defineProperty(schema, "error", { value: "Does not fit the schema" });
  }
  const parts: TSchema[] = [
    ...Object.values<TSchema>(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ];
  parts.forEach(makeErrorsBrief);
}
