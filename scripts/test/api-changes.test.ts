// The comparison of API documents: what a client of the last release would lose.
import { describe, expect, test } from "bun:test";
import { apiDocument } from "../openapi/api-document.ts";
import { serviceNames } from "../services.ts";
import { apiChanges } from "../release/api/compare.ts";

/** A small API: a parameter of each place, a body, headers, and a problem in an `allOf`. */
function shop() {
  const code = { type: "string", enum: ["gone", "taken"] };
  const tea = {
    type: "object",
    required: ["name"],
    properties: {
      name: { type: "string", minLength: 1, maxLength: 50, pattern: "^T" },
      colour: { enum: ["green", "black"] },
      grams: { type: "integer", minimum: 1, maximum: 1000 },
      tags: { type: "array", items: { type: "string", format: "uri" }, maxItems: 5 },
    },
  };
  const list = {
    operationId: "listTeas",
    parameters: [
      { name: "limit", in: "query", schema: { type: "integer", maximum: 100 } },
      { name: "X-Trace", in: "header", schema: { type: "string" } },
      { name: "sort", in: "query", explode: false, schema: { type: "array" } },
      { name: "shop", in: "query", required: true },
    ] as object[],
    responses: {
      200: {
        headers: { ETag: { required: true, schema: { type: "string" } } },
        content: { "application/json": { schema: { $ref: "#/components/schemas/Tea" } } },
      },
      404: {
        content: {
          "application/problem+json": {
            schema: { allOf: [{ properties: { code } }, { properties: { code } }] },
          },
        },
      },
    },
  };
  const add = {
    operationId: "addTea",
    requestBody: {
      content: { "application/json": { schema: { $ref: "#/components/schemas/NewTea" } } },
    },
    responses: { 201: { description: "Created" } },
  };
  return {
    info: { version: "1.0.0" },
    security: [] as Record<string, string[]>[],
    paths: { "/teas": { get: list, post: add } },
    components: { schemas: { Tea: tea, NewTea: structuredClone(tea) } },
  };
}

type Shop = ReturnType<typeof shop>;

/** The lines about what `change` does to the document: each that breaks clients, with the reason. */
function lines(change: (after: Shop, parts: Parts) => unknown): readonly string[] {
  const after = shop();
  change(after, partsOf(after));
  return apiChanges(shop(), after).map(({ text, breaks }) =>
    breaks === undefined ? `ok ${text}` : `BREAKS ${text}: ${breaks}`,
  );
}

// Parts of the document that cases change freely: no type says what a changed document may hold.
type Free = Record<string, unknown>;

interface Parts {
  readonly get: Free & { parameters: Free[] };
  readonly post: Free;
  /** The schema of a response, and of a request. */
  readonly tea: Free & { properties: Record<string, Free>; required: string[] };
  readonly newTea: Parts["tea"];
  readonly ok: Free & { headers: Record<string, Free>; content: Record<string, unknown> };
  readonly responses: Record<string, unknown>;
}

function partsOf(after: Shop): Parts {
  const { get, post } = after.paths["/teas"];
  const { Tea: tea, NewTea: newTea } = after.components.schemas;
  const parts: unknown = {
    get,
    post,
    tea,
    newTea,
    ok: get.responses[200],
    responses: get.responses,
  };
  return parts as Parts;
}

const refused = "requests that were valid are refused";
const unexpected = "clients get values that they do not expect";
const body = "POST /teas, request body:";
const response = "GET /teas, response 200:";

describe("apiChanges()", () => {
  test.each(serviceNames)("finds nothing between a document of %s and itself", (service) => {
    expect(apiChanges(JSON.parse(apiDocument(service)), JSON.parse(apiDocument(service)))).toEqual(
      [],
    );
  });

  test("passes over texts, examples and marks of our own", () => {
    const change = (_: Shop, { tea, newTea }: Parts) => {
      for (const { properties } of [tea, newTea]) {
        Object.assign(properties["name"] ?? {}, {
          title: "a",
          description: "b",
          examples: ["c"],
          example: "d",
          default: "e",
          deprecated: true,
          "x-mark": 1,
        });
      }
    };
    expect(lines(change)).toEqual([]);
  });

  test("lists a change of something that operations share once", () => {
    const before = JSON.parse(apiDocument("user-service"));
    const after = structuredClone(before);
    after.components.schemas.User.properties.email.format = "idn-email";
    expect(apiChanges(before, after)).toEqual([
      {
        text: 'GET /users, response 200: [].email format was "email", is "idn-email"',
        breaks: unexpected,
      },
      {
        text: 'POST /users, response 201 and 3 more: .email format was "email", is "idn-email"',
        breaks: unexpected,
      },
    ]);
  });

  test("ends with a schema that holds itself", () => {
    const change = (_: Shop, { tea }: Parts) =>
      (tea.properties["blend"] = { type: "array", items: { $ref: "#/components/schemas/Tea" } });
    const before = shop();
    const after = shop();
    for (const document of [before, after]) change(document, partsOf(document));
    partsOf(after).tea.properties["colour"] = { type: "string" };
    expect(apiChanges(before, after)).toHaveLength(2);
  });

  test.each<[name: string, change: (after: Shop, parts: Parts) => unknown, lines: string[]]>([
    // Operations
    [
      "a path",
      (after) => Reflect.deleteProperty(after.paths, "/teas"),
      [
        "BREAKS GET /teas was removed: clients get 404 or 405",
        "BREAKS POST /teas was removed: clients get 404 or 405",
      ],
    ],
    [
      "an operation",
      (after) => Reflect.deleteProperty(after.paths["/teas"], "post"),
      ["BREAKS POST /teas was removed: clients get 404 or 405"],
    ],
    [
      "a new operation",
      (after) => Object.assign(after.paths, { "/cups": { get: { responses: {} } } }),
      ["ok GET /cups was added"],
    ],
    [
      "an operationId",
      (_, { get }) => (get["operationId"] = "teas"),
      ["BREAKS GET /teas: operationId was listTeas, is teas: generated clients rename its method"],
    ],
    [
      "authentication that is needed now",
      (after) => after.security.push({ bearer: [] }),
      ["BREAKS GET /teas and 1 more: security needs bearer: clients without it get 401"],
    ],
    ["authentication that is optional", (after) => after.security.push({}, { bearer: [] }), []],

    // Parameters
    [
      "a parameter",
      (_, { get }) => get.parameters.shift(),
      [
        "BREAKS GET /teas: query parameter limit was removed: requests with it are refused, or it does nothing",
      ],
    ],
    [
      "a new parameter",
      (_, { get }) => get.parameters.push({ name: "after", in: "query" }),
      ["ok GET /teas: query parameter after was added"],
    ],
    [
      "a new parameter that is required",
      (_, { get }) => get.parameters.push({ name: "town", in: "query", required: true }),
      ["BREAKS GET /teas: query parameter town was added: requests without it are refused"],
    ],
    [
      "a parameter that is required now",
      (_, { get }) => Object.assign(get.parameters[0] ?? {}, { required: true }),
      ["BREAKS GET /teas, query parameter limit: is required now: requests without it are refused"],
    ],
    [
      "a limit of a parameter",
      (_, { get }) =>
        Object.assign(get.parameters[0] ?? {}, { schema: { type: "integer", maximum: 50 } }),
      [`BREAKS GET /teas, query parameter limit: maximum was 100, is 50: ${refused}`],
    ],
    [
      "a parameter that is optional now",
      (_, { get }) => Object.assign(get.parameters[3] ?? {}, { required: false }),
      ["ok GET /teas, query parameter shop: is optional now"],
    ],
    [
      "the spelling of a parameter",
      (_, { get }) => Object.assign(get.parameters[2] ?? {}, { explode: true }),
      [
        "BREAKS GET /teas, query parameter sort: style or explode differs: clients send it in the old spelling",
      ],
    ],
    [
      "the case of a header",
      (_, { get }) => Object.assign(get.parameters[1] ?? {}, { name: "x-trace" }),
      [],
    ],

    // Request bodies
    [
      "a body",
      (_, { post }) => delete post["requestBody"],
      ["BREAKS POST /teas: request body was removed: what clients send does nothing"],
    ],
    [
      "a body that is required now",
      (_, { post }) => Object.assign(post["requestBody"] ?? {}, { required: true }),
      [`BREAKS ${body} is required now: requests without one are refused`],
    ],
    [
      "a media type of a body",
      (after) => (after.paths["/teas"].post.requestBody = { content: { "text/csv": {} } } as never),
      [
        `BREAKS ${body} application/json was removed: requests with it get 415`,
        `ok ${body} text/csv was added`,
      ],
    ],
    [
      "a member of a body",
      (_, { newTea }) => delete newTea.properties["grams"],
      [`BREAKS ${body} .grams was removed: what clients send in it does nothing`],
    ],
    [
      "a new member of a body",
      (_, { newTea }) => (newTea.properties["price"] = { type: "number" }),
      [`ok ${body} .price was added`],
    ],
    [
      "a new member of a body that is required",
      (_, { newTea }) => {
        newTea.properties["price"] = {};
        newTea.required.push("price");
      },
      [`BREAKS ${body} .price was added and is required: requests without it are refused`],
    ],
    [
      "a member of a body that is required now",
      (_, { newTea }) => newTea.required.push("grams"),
      [`BREAKS ${body} .grams is required now: requests without it are refused`],
    ],
    [
      "a member of a body that is optional now",
      (_, { newTea }) => newTea.required.pop(),
      [`ok ${body} .name is optional now`],
    ],
    [
      "members that are refused now",
      (_, { newTea }) => (newTea["additionalProperties"] = false),
      [`BREAKS ${body} refuses members that it does not list: ${refused}`],
    ],

    // Responses
    [
      "a status of success",
      (_, { responses }) => delete responses["200"],
      ["BREAKS GET /teas: response 200 was removed: clients wait for this status in vain"],
    ],
    [
      "a status of failure",
      (_, { responses }) => delete responses["404"],
      ["ok GET /teas: response 404 was removed"],
    ],
    [
      "a new status",
      (_, { responses }) => (responses["409"] = {}),
      ["ok GET /teas: response 409 was added"],
    ],
    [
      "a header of a response",
      (_, { ok }) => delete ok.headers["ETag"],
      [`BREAKS ${response} header ETag was removed: clients miss it`],
    ],
    [
      "a header that is optional now",
      (_, { ok }) => Object.assign(ok.headers["ETag"] ?? {}, { required: false }),
      [`BREAKS ${response} header ETag is optional now: clients may miss it`],
    ],
    [
      "the values of a header",
      (_, { ok }) => Object.assign(ok.headers["ETag"] ?? {}, { schema: { type: "integer" } }),
      [
        `BREAKS ${response} header ETag type no longer has "string" and has "integer" now: ${unexpected}`,
      ],
    ],
    [
      "a new header",
      (_, { ok }) => (ok.headers["Age"] = {}),
      [`ok ${response} header Age was added`],
    ],
    [
      "a media type of a response",
      (_, { ok }) => (ok.content = { "text/csv": {} }),
      [
        `BREAKS ${response} application/json was removed: clients cannot read it`,
        `ok ${response} text/csv was added`,
      ],
    ],
    [
      "a member of a response",
      (_, { tea }) => delete tea.properties["grams"],
      [`BREAKS ${response} .grams was removed: clients miss it`],
    ],
    [
      "a new member of a response",
      (_, { tea }) => {
        tea.properties["price"] = {};
        tea.required.push("price");
      },
      [`ok ${response} .price was added and is required`],
    ],
    [
      "a member of a response that is optional now",
      (_, { tea }) => tea.required.pop(),
      [`BREAKS ${response} .name is optional now: clients miss it`],
    ],
    [
      "a new code of a problem",
      (after) => {
        for (const part of after.paths["/teas"].get.responses[404].content[
          "application/problem+json"
        ].schema.allOf) {
          part.properties.code = { type: "string", enum: ["gone", "taken", "cold"] };
        }
      },
      ['ok GET /teas, response 404: .code enum has "cold" now'],
    ],
    [
      "a code of a problem that one part of its allOf does not allow",
      (after) => {
        const [part] =
          after.paths["/teas"].get.responses[404].content["application/problem+json"].schema.allOf;
        Object.assign(part?.properties ?? {}, { code: { type: "string", enum: ["gone"] } });
      },
      ['ok GET /teas, response 404: .code enum no longer has "taken"'],
    ],
  ])("%s", (_, change, expected) => {
    expect(lines(change)).toEqual(expected);
  });

  test.each<
    [member: string, keywords: Free, text: string, broken: "requests" | "responses" | "both"]
  >([
    [
      "name",
      { type: "integer" },
      '.name type no longer has "string" and has "integer" now',
      "both",
    ],
    ["name", { type: ["string", "null"] }, '.name type has "null" now', "responses"],
    ["grams", { type: "number" }, '.grams type has "number" now', "responses"],
    ["name", { minLength: 2 }, ".name minLength was 1, is 2", "requests"],
    ["name", { minLength: 0 }, ".name minLength was 1, is 0", "responses"],
    ["name", { maxLength: 40 }, ".name maxLength was 50, is 40", "requests"],
    ["name", { maxLength: undefined }, ".name maxLength was 50, is absent", "responses"],
    ["name", { pattern: "^t" }, '.name pattern was "^T", is "^t"', "both"],
    ["name", { pattern: undefined }, '.name pattern was "^T", is absent', "responses"],
    ["name", { format: "email" }, '.name format was absent, is "email"', "requests"],
    ["name", { anyOf: [{}] }, ".name anyOf was absent, is [{}]", "requests"],
    ["grams", { minimum: 5 }, ".grams minimum was 1, is 5", "requests"],
    ["grams", { exclusiveMaximum: 900 }, ".grams exclusiveMaximum was absent, is 900", "requests"],
    ["grams", { maximum: 2000 }, ".grams maximum was 1000, is 2000", "responses"],
    ["grams", { multipleOf: 5 }, ".grams multipleOf was absent, is 5", "requests"],
    ["colour", { enum: ["green"] }, '.colour enum no longer has "black"', "requests"],
    ["colour", { enum: ["green", "black", "white"] }, '.colour enum has "white" now', "responses"],
    ["colour", { enum: undefined }, '.colour enum was ["green","black"], is absent', "responses"],
    [
      "colour",
      { enum: undefined, const: "green" },
      '.colour enum no longer has "black"',
      "requests",
    ],
    ["tags", { maxItems: 4 }, ".tags maxItems was 5, is 4", "requests"],
    ["tags", { items: { type: "string" } }, '.tags[] format was "uri", is absent', "responses"],
    [
      "tags",
      { additionalProperties: { type: "string" } },
      '.tags.* type was absent, is "string"',
      "requests",
    ],
  ])(
    "of %s with %j breaks a side that may send less, or gets more",
    (member, keywords, text, broken) => {
      const change = ({ properties }: Parts["tea"]) => {
        // As JSON, without the keywords that are undefined.
        const changed = JSON.stringify({ ...properties[member], ...keywords });
        properties[member] = JSON.parse(changed);
      };
      expect(lines((_, { newTea }) => change(newTea))).toEqual([
        broken === "responses" ? `ok ${body} ${text}` : `BREAKS ${body} ${text}: ${refused}`,
      ]);
      expect(lines((_, { tea }) => change(tea))).toEqual([
        broken === "requests"
          ? `ok ${response} ${text}`
          : `BREAKS ${response} ${text}: ${unexpected}`,
      ]);
    },
  );
});
