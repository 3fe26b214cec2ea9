import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { nullable } from "../../src/schema/nullable.ts";
import { requestObject } from "../../src/schema/request-object.ts";
import { text } from "../../src/schema/text.ts";
import { uuid } from "../../src/schema/uuid.ts";

const label = text({ minLength: 1, maxLength: 10 });
const body = requestObject({
  label,
  id: Type.Optional(uuid),
  note: nullable(label),
  tags: Type.Optional(Type.Array(label)),
  parts: Type.Optional(Type.Array(requestObject({ label, count: Type.Integer() }))),
});

describe("requestObject()", () => {
  test("hands the handler every member in its normal form, also inside arrays and objects", () => {
    const sent = {
      label: " a ",
      id: "01936F5E-8A3C-7C4E-9D2B-6F1A0E5C7B42",
      note: " b ",
      tags: [" c ", "d"],
      parts: [{ label: " e ", count: 1 }],
    };
    const parsed = {
      label: "a",
      id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
      note: "b",
      tags: ["c", "d"],
      parts: [{ label: "e", count: 1 }],
    };
    expect(Value.Decode(body, sent)).toStrictEqual(parsed);
    // Elysia decodes a query twice.
    expect(Value.Decode(body, parsed)).toStrictEqual(parsed);
  });

  test("accepts members that it does not know, and hands on none of them", () => {
    const part = { label: "e", count: 1, colour: "red" };
    const sent = { label: "a", note: null, is_admin: true, parts: [part] };
    expect(Value.Check(body, sent)).toBe(true);
    const parsed = { label: "a", note: null, parts: [{ label: "e", count: 1 }] };
    expect(Value.Decode(body, sent)).toStrictEqual(parsed);
  });

  test("tells a member that the client left out from one that is null", () => {
    expect(Value.Decode(body, { label: "a", note: null })).toStrictEqual({
      label: "a",
      note: null,
    });
  });

  test("is an ordinary object in the API document", () => {
    const documented: unknown = JSON.parse(JSON.stringify(requestObject({ label })));
    expect(documented).toEqual({
      type: "object",
      properties: { label: { type: "string", minLength: 1, maxLength: 10 } },
      required: ["label"],
      additionalProperties: true,
    });
  });
});
