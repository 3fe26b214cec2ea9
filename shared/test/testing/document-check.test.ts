import { describe, expect, test } from "bun:test";
import { Type, type TSchema } from "@sinclair/typebox";
import { Elysia, type AnyElysia } from "elysia";
import { problems } from "../../src/http/route-problems.ts";
import { apiReference } from "../../src/openapi/api-reference.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { routeDocs } from "../../src/openapi/route-docs.ts";
import type { OpenApiDocument } from "../../src/openapi/types.ts";
import { documentErrors } from "../../testing/document-check.ts";

const info = {
  title: "letters",
  version: "1.2.3",
  description: "Letters.",
  tags: { letters: "What people send to each other" },
};

const errorsOf = async (app: AnyElysia) => documentErrors(await openApiDocument(app, info));

const docs = (operationId: string) => routeDocs({ operationId, summary: "Get", tag: "letters" });

/** An app with `GET /a`, whose 200 has this schema; by default with complete documentation. */
const appWith = (schema: TSchema = Type.String({ examples: ["a"] })) =>
  new Elysia().get("/a", () => "", { response: { 200: schema }, detail: docs("getA") });

/** An app whose routes lack a summary, a tag, an example, a description and the problems of a body. */
function undocumentedApp() {
  const app = new Elysia();
  return app
    .use(apiReference(() => app, info))
    .get("/a", () => "a", { response: { 200: Type.String() }, detail: docs("getA") })
    .get("/b", () => "b", {
      response: { 200: Type.String({ examples: ["b"] }), ...problems() },
    })
    .post("/c", () => "c", {
      query: Type.Object({ size: Type.Optional(Type.String()) }),
      body: Type.Object({ name: Type.String() }),
      response: { 299: Type.String({ examples: ["c"] }) },
      detail: docs("postC"),
    });
}

describe("documentErrors()", () => {
  test("finds nothing in a complete document", async () => {
    expect(await errorsOf(appWith())).toEqual([]);
  });

  test("lists everything that routes lack at once, each with how to mend it", async () => {
    expect(await errorsOf(undocumentedApp())).toEqual([
      "GET /a: response 200 has no example (give one to its schema)",
      "GET /b: no summary (give one to routeDocs)",
      "GET /b: no tag (give one to routeDocs)",
      "POST /c: response 299 has no description (give one to its schema)",
      "POST /c: has a body and no problems of bodies (use problemsWithBody)",
      "POST /c: size has no description (give one to its schema)",
      "POST /c: the request body has no example (give one to its schema)",
    ]);
  });

  test("finds a route that creates and heeds no Idempotency-Key: a client could not retry safely", async () => {
    const response = { 201: Type.String({ examples: ["a"] }), ...problems() };
    const creating = (idempotencyKey: boolean) => {
      const detail = { ...docs("postA"), idempotencyKey };
      return appWith().post("/a", () => "a", { response, detail });
    };
    expect(await errorsOf(creating(true))).toEqual([]);
    expect(await errorsOf(creating(false))).toEqual([
      "POST /a: has a 201 and no Idempotency-Key (use idempotentCreation)",
    ]);
  });

  test("finds two different schemas with one title, also inside of other schemas", async () => {
    const letter = (example: string) =>
      Type.String({ title: "Letter", examples: [example], description: "A letter" });
    const app = appWith(letter("a"))
      .get("/b", () => "b", { response: { 200: letter("b") }, detail: docs("getB") })
      .get("/c", () => [], { response: { 200: Type.Array(letter("c")) }, detail: docs("getC") })
      .get("/d", () => ({ letter: "d" }), {
        response: { 200: Type.Object({ letter: letter("d") }, { title: "Envelope" }) },
        detail: docs("getD"),
      });
    expect(await errorsOf(app)).toEqual([
      'the schema "Envelope": another schema is titled "Letter" too',
      'GET /b: response 200: another schema is titled "Letter" too',
      'GET /c: response 200: another schema is titled "Letter" too',
    ]);
  });

  test("finds an example that does not fit its schema", async () => {
    expect(await errorsOf(appWith(Type.String({ examples: [1] })))).toEqual([
      expect.stringContaining("GET /a: an example of response 200 does not fit: "),
    ]);
  });

  test("finds an operationId that another operation has", async () => {
    const response = { 200: Type.String({ examples: ["b"] }) };
    const app = appWith().get("/b", () => "", { response, detail: docs("getA") });
    expect(await errorsOf(app)).toEqual([
      'GET /b: operationId "getA" is not unique',
      'HEAD /b: operationId "getAHead" is not unique',
    ]);
  });

  test("finds a tag without a description", async () => {
    const document = await openApiDocument(appWith(), { ...info, tags: {} });
    expect(await documentErrors(document)).toEqual([
      'the tag "letters" has no description (give one to serviceApp: tags)',
    ]);
  });

  test("finds a document that is not OpenAPI", async () => {
    const document = await openApiDocument(appWith(), info);
    const untitled = { ...document, info: { version: "1.2.3" } } as OpenApiDocument;
    expect(await documentErrors(untitled)).toEqual([expect.stringContaining("It is not OpenAPI")]);
  });
});

describe("GET /swagger/json", () => {
  test("serves the document although routes lack documentation", async () => {
    const request = new Request("http://letters.test/swagger/json");
    const response = await undocumentedApp().handle(request);
    expect(response.status).toBe(200);
    const { paths } = (await response.json()) as OpenApiDocument;
    const responses = { 200: { description: "Success" } };
    expect(paths["/a"]?.get).toMatchObject({ summary: "Get", responses });
    const status = { type: "integer", enum: [500] };
    const code = { type: "string", enum: ["internal"] };
    const problem = {
      schema: {
        allOf: [
          { $ref: "#/components/schemas/Problem" },
          { type: "object", properties: { status, code } },
        ],
      },
    };
    expect(paths["/b"]?.get).toMatchObject({
      operationId: "getB",
      responses: { 500: { content: { "application/problem+json": problem } } },
    });
    expect(paths["/c"]?.post).toMatchObject({ responses: { 299: { description: "" } } });
  });
});
