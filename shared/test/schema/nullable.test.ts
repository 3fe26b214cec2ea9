import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { exampleOf, plainSchema, toComponent } from "../../src/openapi/schema.ts";
import { nullable } from "../../src/schema/nullable.ts";
import { text } from "../../src/schema/text.ts";

const nickname = nullable(text({ minLength: 1, maxLength: 50 }, { examples: ["Al"] }), {
  description: "What friends say",
});
const person = Type.Object({ nickname: Type.Optional(nickname) });

/** What a handler gets; it does not compile if the type is another one. */
const initial = ({ nickname }: typeof person.static): string => nickname?.slice(0, 1) ?? "";

describe("nullable()", () => {
  test("accepts null and what the schema accepts, and nothing else", () => {
    const values = [null, "Al", "", 5, undefined];
    expect(values.filter((value) => Value.Check(nickname, value))).toEqual([null, "Al"]);
  });

  test("can be left out where it is optional, with a type of all three", () => {
    const people: (typeof person.static)[] = [{}, { nickname: null }, { nickname: "Al" }];
    expect(people.map((value) => Value.Check(person, value))).toEqual([true, true, true]);
    expect(people.map(initial)).toEqual(["", "", "A"]);
  });

  test("is anyOf with the type null in the API document, with the schema's example", () => {
    expect(plainSchema(nickname)).toEqual({
      anyOf: [{ type: "string", minLength: 1, maxLength: 50, examples: ["Al"] }, { type: "null" }],
      description: "What friends say",
    });
    expect(exampleOf(plainSchema(person))).toEqual({ nickname: "Al" });
  });

  test("keeps enumerations and named schemas in the API document", () => {
    const state = Type.Union([Type.Literal("open"), Type.Literal("done")]);
    const components = {};
    expect(toComponent(plainSchema(nullable(state)), components)).toEqual({
      anyOf: [{ type: "string", enum: ["open", "done"] }, { type: "null" }],
    });
    const named = nullable(Type.Object({ state }, { title: "Named" }));
    expect(toComponent(plainSchema(named), components)).toEqual({
      anyOf: [{ $ref: "#/components/schemas/Named" }, { type: "null" }],
    });
  });
});
