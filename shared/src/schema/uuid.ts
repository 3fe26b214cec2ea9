// Identifiers as clients send them: UUIDs of any version.
import { Type } from "@sinclair/typebox";
import { commaList } from "./comma-list.ts";
import { customType } from "./custom-type.ts";

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a value is a UUID of any version, spelt with hyphens, in any case. */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && value.length === 36 && pattern.test(value);
}

/**
 * The schema of an identifier, a UUID of any version spelt with hyphens. Clients may send upper case;
 * its normal form is lower case.
 */
export const uuid = customType<string>("Uuid", {
  check: isUuid,
  normalise: (id) => id.toLowerCase(),
  rule: () => "a UUID such as 01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
})({ type: "string", format: "uuid", examples: ["01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"] });

/** The schema of the params of a route that has `:id`. Handlers put the identifier into lower case. */
export const idParams = Type.Object({ id: { ...uuid, description: "Its identifier" } });

/** The schema of 1 to 100 identifiers in a query, separated by commas; lower case is normal. */
export const uuidList = commaList(uuid, {
  maxItems: 100,
  rule: "1 to 100 UUIDs, separated by commas",
  description: "Only those with one of these identifiers",
});

/** The identifiers in the normal form of a {@link uuidList}, each once. */
export function splitUuids(list: string): string[] {
  return list.split(",");
}
