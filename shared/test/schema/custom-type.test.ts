import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { customType, customTypeRule } from "../../src/schema/custom-type.ts";

const multiple = customType<number>("Multiple in a test", {
  check: (value, { of }) => typeof value === "number" && value % of === 0,
  rule: ({ of }) => `a multiple of ${of}`,
});
const even = multiple({ type: "number", of: 2, description: "Even" });
const decimal = multiple({ type: "number", of: 10 });

test("customType() checks by its own rule, with the keywords of each schema", () => {
  expect([4, 5, "4", undefined].filter((value) => Value.Check(even, value))).toEqual([4]);
  expect([4, 20].filter((value) => Value.Check(decimal, value))).toEqual([20]);
  expect(Value.Check(Type.Object({ sizes: Type.Array(even) }), { sizes: [2, 3] })).toBe(false);
});

test("customType() makes a type of its own, also by a name that another type has", () => {
  const never = customType<number>("Multiple in a test", {
    check: () => false,
    rule: () => "none",
  })({});
  expect([Value.Check(even, 4), Value.Check(never, 4)]).toEqual([true, false]);
  expect([customTypeRule(even), customTypeRule(never)]).toEqual(["a multiple of 2", "none"]);
});

test("customType() appears in the API document as plain JSON Schema", () => {
  const documented: unknown = JSON.parse(JSON.stringify(even));
  expect(documented).toEqual({ type: "number", of: 2, description: "Even" });
});

test("customTypeRule() tells what a custom type accepts, and is undefined for other types", () => {
  expect(customTypeRule(even)).toBe("a multiple of 2");
  expect(customTypeRule(decimal)).toBe("a multiple of 10");
  expect(customTypeRule(Type.Number())).toBeUndefined();
});
