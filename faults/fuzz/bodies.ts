// The request bodies whose members tests read.
import type * as fc from "fast-check";
import type { OpenApiDocument } from "../../shared/src/openapi/types.ts";
import type { Order, User } from "../support/platform/resources.ts";
import { operation } from "./operations.ts";
import { validValue, type JsonObject } from "./valid-values.ts";

/** Creates a user. */
export type UserBody = Pick<User, "name" | "email">;

/** Places an order. */
export type OrderBody = Pick<Order, "user_id" | "items">;

/** The whole cents in a decimal number of at most two decimals. */
export function cents(decimal: string): bigint {
  const [, whole, fraction = ""] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new Error(`${decimal} is not an amount of money`);
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, "0"));
}

/** Bodies that an operation accepts, according to the API document. */
export function bodiesFor<T>(
  target: { document: OpenApiDocument },
  method: string,
  path: string,
): fc.Arbitrary<T & JsonObject> {
  const { body } = operation(target, method, path);
  if (!body) throw new Error(`${method} ${path} takes no body`);
  // The document's schema of this body has these members.
  return validValue(body) as fc.Arbitrary<T & JsonObject>;
}
