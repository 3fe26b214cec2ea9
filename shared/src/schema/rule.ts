// What a schema allows, in words of its author.
import type { TSchema } from "@sinclair/typebox";

// A symbol: TypeBox copies it with the schema, and JSON.stringify leaves it out of the API document.
const ruleKey = Symbol("rule");

/**
 * A copy of a schema whose validation errors read "Must be " and the rule, for schemas whose keywords do
 * not say it: `withRule(Type.String({ pattern: "^[A-Z]{2}-[0-9]+$" }), "a SKU such as KB-87")`. Members
 * and items inside the schema keep their own rules. The API document does not show the rule.
 *
 * @param rule to be read after "Must be"
 */
export function withRule<T extends TSchema>(schema: T, rule: string): T {
  return { ...schema, [ruleKey]: rule };
}

/** The rule that {@link withRule} gave a schema; undefined if there is none. */
export function statedRule(schema: TSchema & { readonly [ruleKey]?: string }): string | undefined {
  return schema[ruleKey];
}
