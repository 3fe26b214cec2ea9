import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { amount, fromCents, toCents, unitPrice } from "../../src/orders/money.ts";

/** The double next to a positive one, above or below it. */
function nextDouble(value: number, step: 1n | -1n): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] = (bits[0] ?? 0n) + step;
  return new Float64Array(bits.buffer)[0] ?? NaN;
}

/** Cents as people write them: 1999 is 19.99. */
function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

/** Every price up to 1000.00, and some of the larger ones. */
function* everyCents(): Generator<number> {
  for (let cents = 1; cents <= 100_000; cents += 1) yield cents;
  for (let cents = 100_001; cents <= 100_000_000; cents += 9973) yield cents;
  yield 100_000_000;
}

describe("unitPrice", () => {
  test("becomes the number of cents that its digits say, and comes back as it was sent", () => {
    for (const cents of everyCents()) {
      const price: number = JSON.parse(decimal(cents));
      if (toCents(price) !== cents) throw new Error(`${price} is not ${cents} cents`);
      if (fromCents(cents) !== price) throw new Error(`${cents} cents are not ${price}`);
    }
  });

  test("rejects the doubles next to a price, which have more decimals", () => {
    for (const cents of everyCents()) {
      const price = fromCents(cents);
      for (const other of [nextDouble(price, 1n), nextDouble(price, -1n)]) {
        if (Value.Check(unitPrice, other)) throw new Error(`${other} was taken for ${price}`);
      }
    }
  });

  test.each([
    ["0.01", 1],
    ["1.10", 110],
    ["1.1e1", 1100],
    ["19.990", 1999],
    ["1e6", 100_000_000],
    ["1000000.00", 100_000_000],
  ])("reads %s as %i cents", (json, cents) => {
    expect(toCents(JSON.parse(json))).toBe(cents);
    expect(Value.Check(unitPrice, JSON.parse(json))).toBe(true);
  });

  test.each([
    0, -0, -1, -19.99, 0.001, 0.005, 0.009, 0.011, 19.999, 0.30000000000000004, 1.005, 1_000_000.01,
    1_000_001, 1e21, 5e-324,
  ])("rejects %p", (price) => {
    expect(Value.Check(unitPrice, price)).toBe(false);
  });

  test.each(["1", null, undefined, {}, 1n, Infinity, NaN])("rejects %p", (value) => {
    expect(Value.Check(unitPrice, value)).toBe(false);
  });
});

test("fromCents() is exact to the cent up to the largest order", () => {
  for (const cents of [9_999_999_999_999, 10_000_000_000_000, 9_007_199_254_740]) {
    expect(JSON.stringify(fromCents(cents))).toBe(String(Number(decimal(cents))));
    expect(Math.round(fromCents(cents) * 100)).toBe(cents);
  }
});

test("amount accepts numbers above 0, and nothing else", () => {
  const accepted = [0.01, 39.98, 1e11];
  const values = [...accepted, 0, -1, "1"];
  expect(values.filter((value) => Value.Check(amount, value))).toEqual(accepted);
});

test("the API document has the same bounds", () => {
  expect(unitPrice).toMatchObject({ type: "number", minimum: 0.01, maximum: 1_000_000 });
  expect(amount).toMatchObject({ type: "number", minimum: 0.01 });
});
