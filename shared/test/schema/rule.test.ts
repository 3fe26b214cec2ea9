import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { statedRule, withRule } from "../../src/schema/rule.ts";

const plain = Type.String({ pattern: "^[A-Z]{2}-[0-9]+$" });
const sku = withRule(plain, "a SKU such as KB-87");

describe("withRule()", () => {
  test("gives a schema its rule and leaves the original alone", () => {
    expect(statedRule(sku)).toBe("a SKU such as KB-87");
    expect(statedRule(plain)).toBeUndefined();
  });

  test("changes nothing about what is accepted", () => {
    expect(Value.Check(sku, "KB-87")).toBe(true);
    expect(Value.Check(sku, "kb-87")).toBe(false);
  });

  test("survives being made optional or part of an object", () => {
    expect(statedRule(Type.Optional(sku))).toBe("a SKU such as KB-87");
    expect(statedRule(Type.Partial(Type.Object({ sku })).properties.sku)).toBe(
      "a SKU such as KB-87",
    );
  });

  test("is not published", () => {
    expect(JSON.stringify(sku)).toBe(JSON.stringify(plain));
  });
});
