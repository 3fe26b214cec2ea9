import { describe, expect, test } from "bun:test";
import { Type, type TSchema } from "@sinclair/typebox";
import { conditionalHeaders } from "../../src/http/etag.ts";
import { validationErrors } from "../../src/http/validation-errors.ts";
import { limit } from "../../src/http/pagination.ts";
import { text } from "../../src/schema/text.ts";
import { uuid } from "../../src/schema/uuid.ts";

const item = Type.Object({ sku: text({ minLength: 1, maxLength: 5 }), count: Type.Integer() });
const body = Type.Object({
  id: uuid,
  state: Type.Union([Type.Literal("open"), Type.Literal("done")]),
  count: Type.Integer({ minimum: 1, maximum: 9 }),
  items: Type.Array(item, { maxItems: 2 }),
  flag: Type.Optional(Type.Boolean()),
});
const good = {
  id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
  state: "open",
  count: 1,
  items: [{ sku: "A", count: 1 }],
};

/** What is told about a body. */
const faultsOf = (sent: unknown, schema: TSchema = body) =>
  validationErrors({ body: schema }, { body: sent });

describe("what was expected", () => {
  test("a request that fits has no faults", () => {
    expect(faultsOf(good)).toEqual([]);
    expect(validationErrors({}, { body: "anything" })).toEqual([]);
  });

  test.each([
    [{ id: "x" }, "#/id", 'Must be a UUID such as 01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42, found "x"'],
    [{ state: "lost" }, "#/state", 'Must be one of "open", "done", found "lost"'],
    [{ count: 0 }, "#/count", "Must be a whole number from 1 to 9, found 0"],
    [{ count: 1.5 }, "#/count", "Must be a whole number from 1 to 9, found 1.5"],
    [{ count: null }, "#/count", "Must be a whole number from 1 to 9, found null"],
    [{ items: {} }, "#/items", "Must be an array of at most 2 items"],
    [{ items: [5] }, "#/items/0", "Must be a JSON object, found 5"],
    [{ flag: "yes" }, "#/flag", 'Must be true or false, found "yes"'],
    [{ id: undefined }, "#/id", expect.stringMatching(/^Is missing, must be a UUID/)],
  ])("of %j is said in words", (part, pointer, detail) => {
    expect(faultsOf({ ...good, ...part })).toEqual([{ pointer, detail }]);
  });

  test.each<[TSchema, unknown, string]>([
    [Type.Integer(), "x", 'Must be a whole number, found "x"'],
    [Type.Number({ minimum: 2 }), 1, "Must be a number of at least 2, found 1"],
    [Type.String({ minLength: 3 }), "ab", 'Must be text of at least 3 characters, found "ab"'],
    [Type.String({ pattern: "^a$" }), "b", "Expected string to match '^a$', found \"b\""],
    [Type.Union([Type.String(), Type.Null()]), 5, "Expected union value, found 5"],
    [Type.Null(), 5, "Expected null, found 5"],
  ])("of schemas that others write is said as far as they say it", (schema, sent, detail) => {
    expect(faultsOf(sent, schema)).toEqual([{ pointer: "#", detail }]);
  });

  test("a member that is forbidden is told by its own name", () => {
    const closed = Type.Object({}, { additionalProperties: false });
    expect(faultsOf({ x: 1 }, closed)).toEqual([
      { pointer: "#/x", detail: "Unexpected property, found 1" },
    ]);
  });

  test.each<[unknown, string]>([
    [undefined, "Is missing, must be a JSON object"],
    [null, "Must be a JSON object, found null"],
    [[], "Must be a JSON object"],
    ["x", 'Must be a JSON object, found "x"'],
  ])("a body of %j is at fault as a whole", (sent, detail) => {
    expect(faultsOf(sent)[0]).toEqual({ pointer: "#", detail });
  });
});

describe("all faults", () => {
  test("of path, query, headers and body are told together, each by the name it was sent with", () => {
    const schemas = {
      params: Type.Object({ id: uuid }),
      query: Type.Object({ limit: Type.Optional(limit) }),
      headers: conditionalHeaders,
      body,
    };
    const sent = {
      params: { id: "x" },
      query: { limit: "0" },
      headers: { "if-match": "x", accept: "*/*" },
      body: { ...good, items: [{ sku: "", count: 1 }, {}, {}] },
    };
    const places = [
      { parameter: "id" },
      { parameter: "limit" },
      { header: "If-Match" },
      { pointer: "#/items" },
      { pointer: "#/items/0/sku" },
      { pointer: "#/items/1/sku" },
      { pointer: "#/items/1/count" },
      { pointer: "#/items/2/sku" },
      { pointer: "#/items/2/count" },
    ];
    expect(validationErrors(schemas, sent)).toEqual(
      places.map((place) => ({ ...place, detail: expect.any(String) })),
    );
  });

  test("a name with a slash or a tilde is one step of its pointer", () => {
    const schema = Type.Object({ "a/b~c": Type.Boolean() });
    expect(faultsOf({ "a/b~c": 1 }, schema)[0]?.pointer).toBe("#/a~1b~0c");
  });

  test("a place with several faults is named once", () => {
    const pointers = faultsOf({}).map(({ pointer }) => pointer);
    expect(pointers).toEqual(["#/id", "#/state", "#/count", "#/items"]);
  });

  test("a body of a hundred thousand faults is told of a thousand, at once", () => {
    const schema = Type.Array(item, { maxItems: 1_000_000 });
    expect(faultsOf(Array(100_000).fill({}), schema)).toHaveLength(1000);
  }, 500);
});

describe("what is sent back", () => {
  test.each([
    ["a short value", "x".repeat(98), true],
    ["a long value", "x".repeat(99), false],
    ["a value that is long once it is escaped", "\n".repeat(50), false],
  ])("%s", (_, value, isSentBack) => {
    const [fault] = faultsOf({ ...good, state: value });
    expect(fault?.detail.includes(", found ")).toBe(isSentBack);
  });

  test("an object or array, which may hold anything, is not", () => {
    for (const value of [{ secret: 1 }, ["secret"]]) {
      expect(faultsOf({ ...good, state: value })[0]?.detail).toBe('Must be one of "open", "done"');
    }
  });
});
