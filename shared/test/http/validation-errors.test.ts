import { describe, expect, test } from "bun:test";
import { Type, type TSchema } from "@sinclair/typebox";
import { conditionalHeaders } from "../../src/http/etag.ts";
import { limit } from "../../src/http/pagination.ts";
import { problemsWithBody } from "../../src/http/route-problems.ts";
import { canonicalHeaderName, validationErrors } from "../../src/http/validation-errors.ts";
import { routeDocs } from "../../src/openapi/route-docs.ts";
import { nullable } from "../../src/schema/nullable.ts";
import { requestObject } from "../../src/schema/request-object.ts";
import { withRule } from "../../src/schema/rule.ts";
import { text } from "../../src/schema/text.ts";
import { uuid } from "../../src/schema/uuid.ts";
import { serviceApp } from "../../src/service/service-app.ts";
import { bodyOf, startService } from "../../testing/running-service.ts";
import { temporaryStorage } from "../../testing/temporary-storage.ts";

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

/** The errors of a body. */
const errorsOf = (sent: unknown, schema: TSchema = body) =>
  validationErrors({ body: schema }, { body: sent });

describe("validationErrors()", () => {
  test("is empty for a request that matches its schemas", () => {
    expect(errorsOf(good)).toEqual([]);
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
  ])("says in words what was expected instead of %j", (part, pointer, detail) => {
    expect(errorsOf({ ...good, ...part })).toEqual([{ pointer, detail }]);
  });

  const patterned = Type.String({ pattern: "^a$" });
  test.each<[TSchema, unknown, string]>([
    [Type.Integer(), "x", 'Must be a whole number, found "x"'],
    [Type.Number({ minimum: 2 }), 1, "Must be a number of at least 2, found 1"],
    [Type.String({ minLength: 3 }), "ab", 'Must be text of at least 3 characters, found "ab"'],
    [patterned, "b", "Expected string to match '^a$', found \"b\""],
    [Type.Union([Type.String(), Type.Null()]), 5, "Must be text or null, found 5"],
    [Type.Union([patterned, Type.Null()]), 5, "Expected union value, found 5"],
    [Type.Null(), 5, "Must be null, found 5"],
  ])("says of TypeBox's own schemas what their keywords tell: %j", (schema, sent, detail) => {
    expect(errorsOf(sent, schema)).toEqual([{ pointer: "#", detail }]);
  });

  test("names a forbidden member by its own pointer", () => {
    const closed = Type.Object({}, { additionalProperties: false });
    expect(errorsOf({ x: 1 }, closed)).toEqual([
      { pointer: "#/x", detail: "Unexpected property, found 1" },
    ]);
  });

  test.each<[unknown, string]>([
    [undefined, "Is missing, must be a JSON object"],
    [null, "Must be a JSON object, found null"],
    [[], "Must be a JSON object"],
    ["x", 'Must be a JSON object, found "x"'],
  ])("names the whole body where it is %j", (sent, detail) => {
    expect(errorsOf(sent)[0]).toEqual({ pointer: "#", detail });
  });

  test("collects path, query, headers and body, each by the name that the client sent", () => {
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

  test("escapes a slash and a tilde in a name, so that it is one step of the pointer", () => {
    const schema = Type.Object({ "a/b~c": Type.Boolean() });
    expect(errorsOf({ "a/b~c": 1 }, schema)[0]?.pointer).toBe("#/a~1b~0c");
  });

  test("names a place with several errors once", () => {
    const pointers = errorsOf({}).map(({ pointer }) => pointer);
    expect(pointers).toEqual(["#/id", "#/state", "#/count", "#/items"]);
  });

  test("stops after a thousand errors of a body that has a hundred thousand", () => {
    const schema = Type.Array(item, { maxItems: 1_000_000 });
    expect(errorsOf(Array(100_000).fill({}), schema)).toHaveLength(1000);
  }, 500);

  test.each([
    ["sends a short value back", "x".repeat(98), true],
    ["does not send a long value back", "x".repeat(99), false],
    ["does not send back a value that is long once it is escaped", "\n".repeat(50), false],
  ])("%s", (_, value, isSentBack) => {
    const [error] = errorsOf({ ...good, state: value });
    expect(error?.detail.includes(", found ")).toBe(isSentBack);
  });

  test("does not send an object or array back, which may hold anything", () => {
    for (const value of [{ secret: 1 }, ["secret"]]) {
      expect(errorsOf({ ...good, state: value })[0]?.detail).toBe('Must be one of "open", "done"');
    }
  });
});

const sku = withRule(
  Type.String({ pattern: "^[A-Z]{2}-[0-9]+$", examples: ["KB-87"] }),
  "a SKU such as KB-87",
);
const size = { width: Type.Integer({ minimum: 1, examples: [80] }) };
const article = {
  sku,
  replaces: Type.Optional(nullable(sku)),
  label: nullable(text({ minLength: 1, maxLength: 50 }, { examples: ["Desk"] })),
  state: nullable(Type.Union([Type.Literal("new"), Type.Literal("used")])),
  size: nullable(Type.Object(size)),
  price: withRule(
    Type.Union([Type.Integer(), Type.Literal("free")], { examples: ["free"] }),
    'a whole number or "free"',
  ),
};
const newArticle = requestObject({ ...article, size: nullable(requestObject(size)) });
const goodArticle = { sku: "KB-87", label: null, state: null, size: null, price: "free" };

const labelRule = "text of 1 to 50 characters without control characters or null";

test.each([
  [{ sku: undefined }, "#/sku", "Is missing, must be a SKU such as KB-87"],
  [{ replaces: "kb" }, "#/replaces", 'Must be a SKU such as KB-87 or null, found "kb"'],
  [{ label: undefined }, "#/label", `Is missing, must be ${labelRule}`],
  [{ state: "lost" }, "#/state", 'Must be one of "new", "used" or null, found "lost"'],
  [{ size: 5 }, "#/size", "Must be a JSON object or null, found 5"],
  [{ price: "much" }, "#/price", 'Must be a whole number or "free", found "much"'],
])("validationErrors() of nullable() and withRule(): %j", (part, pointer, detail) => {
  expect(errorsOf({ ...goodArticle, ...part }, newArticle)).toEqual([{ pointer, detail }]);
});

describe("nullable() and withRule() over HTTP", () => {
  const about = { title: "articles", description: "Articles.", problemOf: () => undefined };
  const startArticles = () =>
    startService({
      name: "articles",
      database: temporaryStorage([]),
      build: (parts) =>
        serviceApp(parts, about).post("/articles", ({ body }) => body, {
          body: newArticle,
          response: { 200: Type.Object(article), ...problemsWithBody() },
          detail: routeDocs({
            operationId: "echo",
            summary: "Send it back",
            tag: "articles",
            scope: "a",
          }),
        }),
    });

  test("a handler gets the normal form of a nullable value", async () => {
    await using service = await startArticles();
    const json = { ...goodArticle, label: "  Desk\u0301 ", size: { width: 80, unknown: 1 } };
    const response = await service.request("/articles", { json });
    expect(await response.json()).toEqual({ ...goodArticle, label: "Desḱ", size: { width: 80 } });
  });

  test("null and values are accepted in requests and responses", async () => {
    await using service = await startArticles();
    const values = { label: "Desk", state: "used", size: { width: 80 }, price: 5 };
    for (const json of [goodArticle, { ...goodArticle, replaces: null, ...values }]) {
      const response = await service.request("/articles", { json });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual(json);
    }
  });

  test("the 422 says what each member must be", async () => {
    await using service = await startArticles();
    const json = { sku: "kb", replaces: 5, label: "", state: "x", size: { width: 0 }, price: null };
    const response = await service.request("/articles", { json });
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors).toEqual([
      { pointer: "#/sku", detail: 'Must be a SKU such as KB-87, found "kb"' },
      { pointer: "#/replaces", detail: "Must be a SKU such as KB-87 or null, found 5" },
      { pointer: "#/label", detail: `Must be ${labelRule}, found ""` },
      { pointer: "#/state", detail: 'Must be one of "new", "used" or null, found "x"' },
      { pointer: "#/size/width", detail: "Must be a whole number of at least 1, found 0" },
      { pointer: "#/price", detail: 'Must be a whole number or "free", found null' },
    ]);
  });

  test("the API document shows null as a type, and no rule", async () => {
    await using service = await startArticles();
    const document = (await (await service.request("/swagger/json")).json()) as {
      paths: { "/articles": { post: { requestBody: unknown } } };
    };
    const published = JSON.stringify(document.paths["/articles"].post.requestBody);
    expect(published).toContain(
      '"state":{"anyOf":[{"type":"string","enum":["new","used"]},{"type":"null"}]}',
    );
    expect(published).toContain('"label":"Desk"');
    expect(published).not.toContain("a SKU such as");
  });
});

describe("canonicalHeaderName()", () => {
  test("writes a name as people do", () => {
    expect(canonicalHeaderName("if-none-match")).toBe("If-None-Match");
    expect(canonicalHeaderName("etag")).toBe("Etag");
  });
});
