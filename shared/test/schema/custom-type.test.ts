import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { customType, customTypeRule } from "../../src/schema/custom-type.ts";

const multiple = customType<number>("Multiple in a test", {
  parse: (value, { of }) => (typeof value === "number" && value % of === 0 ? value : undefined),
  rule: ({ of }) => `a multiple of ${of}`,
});
const even = multiple({ type: "number", of: 2, description: "Even" });
const decimal = multiple({ type: "number", of: 10 });

test("a kind decides by itself, with the keywords of each schema", () => {
  expect([4, 5, "4", undefined].map((value) => Value.Check(even, value))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([4, 20].map((value) => Value.Check(decimal, value))).toEqual([false, true]);
  expect(Value.Check(Type.Object({ sizes: Type.Array(even) }), { sizes: [2, 3] })).toBe(false);
});

test("a kind appears in the API document as plain JSON Schema", () => {
  const documented: unknown = JSON.parse(JSON.stringify(even));
  expect(documented).toEqual({ type: "number", of: 2, description: "Even" });
});

test("a kind tells what it would have accepted, and is silent about others", () => {
  expect(customTypeRule(even)).toBe("a multiple of 2");
  expect(customTypeRule(decimal)).toBe("a multiple of 10");
  expect(customTypeRule(Type.Number())).toBeUndefined();
});
