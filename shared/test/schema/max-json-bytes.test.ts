import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { maxJsonBytes } from "../../src/schema/max-json-bytes.ts";
import { text } from "../../src/schema/text.ts";
import { uuid } from "../../src/schema/uuid.ts";

const position = Type.Object({
  name: text({ minLength: 1, maxLength: 3 }),
  id: uuid,
  n: Type.Integer(),
});

test.each([
  { name: "😀😀😀", id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", n: -Number.MAX_SAFE_INTEGER },
  { name: '"\\"', id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", n: 0 },
])("maxJsonBytes() is enough for %j", (value) => {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  expect(maxJsonBytes(position)).toBeGreaterThanOrEqual(bytes);
  expect(maxJsonBytes(position)).toBeLessThan(bytes + 150);
});

test.each([
  ["a string", Type.String()],
  ["a member", Type.Object({ title: Type.String() })],
  ["a list", Type.Array(Type.Integer())],
])("maxJsonBytes() has no end for %s without a bound", (_, schema) => {
  expect(maxJsonBytes(schema)).toBe(Infinity);
});
