import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { commaList } from "../../src/schema/comma-list.ts";
import { normalForm } from "../../src/schema/custom-type.ts";
import { statedRule } from "../../src/schema/rule.ts";
import { uuidList } from "../../src/schema/uuid.ts";

const size = Type.Union([Type.Literal("S"), Type.Literal("M"), Type.Literal("L")]);
const rule = "one or more of S, M, L, separated by commas";
const sizes = commaList(size, { maxItems: 3, rule, description: "Only those sizes" });
const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

describe("commaList()", () => {
  test.each(["S", "S,M,L", "S,S,S"])("accepts %s", (list) => {
    expect(Value.Check(sizes, list)).toBe(true);
  });

  test.each<[unknown, string]>([
    ["", "an empty text"],
    ["S,", "an empty item"],
    ["S, M", "a blank"],
    ["S,X", "an item that does not match the schema of items"],
    ["S,M,L,S", "more than the most items"],
    [["S"], "an array"],
  ])("rejects %j: %s", (list) => {
    expect(Value.Check(sizes, list)).toBe(false);
  });

  test("has items in their normal form, each once", () => {
    expect(normalForm(uuidList, `${id.toUpperCase()},${id}`)).toBe(id);
    expect(normalForm(sizes, "M,S,M")).toBe("M,S");
  });

  test("appears in the API document as an array of its items", () => {
    expect(JSON.parse(JSON.stringify(sizes))).toMatchObject({
      type: "array",
      items: { anyOf: [{ const: "S" }, { const: "M" }, { const: "L" }] },
      minItems: 1,
      maxItems: 3,
      description: "Only those sizes",
    });
  });

  test("has a rule for validation errors, which tells clients the separator", () => {
    expect(statedRule(sizes)).toBe(rule);
  });
});
