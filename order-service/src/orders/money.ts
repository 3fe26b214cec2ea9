// Money: whole cents inside the service, a JSON number of at most two decimals outside.
import { customType } from "@platform/shared/schema/custom-type";
import { Type } from "@sinclair/typebox";

const maxUnitPriceCents = 100_000_000;

/** The whole cents of a price that {@link unitPrice} accepts. */
export function toCents(price: number): number {
  return Math.round(price * 100);
}

/** Cents as a JSON number: `JSON.stringify` writes it with at most two decimals. */
export function fromCents(cents: number): number {
  return cents / 100;
}

/** The schema of the price of one piece: above 0, at most 1,000,000, whole cents. */
export const unitPrice = customType<number>("UnitPrice", {
  check(value) {
    if (typeof value !== "number") return false;
    const cents = toCents(value);
    // A number has at most two decimals if it is the double that fromCents() makes of whole cents.
    return fromCents(cents) === value && cents > 0 && cents <= maxUnitPriceCents;
  },
  rule: () => "a number above 0 of at most two decimals, at most 1000000",
})({
  type: "number",
  minimum: 0.01,
  maximum: maxUnitPriceCents / 100,
  description: "At most two decimals",
  examples: [19.99],
});

/** The schema of the total of an order. */
export const amount = Type.Number({
  minimum: 0.01,
  description: "At most two decimals",
  examples: [39.98],
});
