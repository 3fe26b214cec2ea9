// Money in whole cents; on the wire a JSON number of at most two decimals.
import { customType } from "@platform/shared/schema/custom-type";

const maxCents = 100_000_000;

/**
 * A price in cents; undefined if it is not above 0, over 1,000,000 or finer than cents. A double has
 * at most two decimals exactly when it is the one nearest to a number of cents.
 */
export function toCents(price: number): number | undefined {
  const cents = Math.round(price * 100);
  const isExact = cents / 100 === price;
  return isExact && cents > 0 && cents <= maxCents ? cents : undefined;
}

/** Cents as the wire has them: the double whose shortest spelling has at most two decimals. */
export function fromCents(cents: number): number {
  return cents / 100;
}

/** The schema of the price of one piece. */
export const unitPrice = customType<number>("UnitPrice", {
  check: (value) => typeof value === "number" && toCents(value) !== undefined,
  rule: () => "a number above 0 of at most two decimals, at most 1000000",
})({
  type: "number",
  minimum: 0.01,
  maximum: maxCents / 100,
  description: "At most two decimals",
  examples: [19.99],
});

/** The schema of a sum. */
export const amount = customType<number>("Amount", {
  check: (value) => typeof value === "number" && value > 0,
  rule: () => "a number above 0",
})({ type: "number", minimum: 0.01, description: "At most two decimals", examples: [39.98] });
