import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Operation } from "../../src/openapi/types.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { routeDocs } from "../../src/openapi/route-docs.ts";
import { requestObject } from "../../src/schema/request-object.ts";
import { uuid, uuidList } from "../../src/schema/uuid.ts";
import { documentErrors } from "../../testing/document-check.ts";
import { sampleApp, sampleInfo } from "../../testing/sample-service.ts";

const document = await openApiDocument(sampleApp(), sampleInfo);

function operation(method: "get" | "head" | "post" | "patch" | "delete", path: string): Operation {
  const found = document.paths[path]?.[method];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

const getReady = operation("get", "/ready");
const listTasks = operation("get", "/tasks");
const createTask = operation("post", "/tasks");
const getTask = operation("get", "/tasks/{id}");
const changeTask = operation("patch", "/tasks/{id}");
const deleteTask = operation("delete", "/tasks/{id}");

function statuses({ responses }: Operation): string {
  return Object.keys(responses).join(" ");
}

function headersOf({ responses }: Operation, status: number): string {
  return Object.keys(responses[status]?.headers ?? {}).join(" ");
}

function parameterNames({ parameters }: Operation): string {
  return parameters
    .map((one) => ("$ref" in one ? one.$ref.replace("#/components/parameters/", "") : one.name))
    .join(" ");
}

function problemExamples({ responses }: Operation, status: number): unknown[] {
  const examples = responses[status]?.content?.["application/problem+json"]?.examples ?? {};
  return Object.values(examples).map(({ value }) => value);
}

/** The codes of an operation's problems, by status. */
function codesOf({ responses }: Operation): Record<string, string[]> {
  const codes = Object.entries(responses).flatMap(([status, { content = {} }]) => {
    const [, withCodes] = (content["application/problem+json"]?.schema.allOf ?? []) as [
      unknown,
      { properties: { code: { enum: string[] } } }?,
    ];
    return withCodes ? [[status, withCodes.properties.code.enum] as const] : [];
  });
  return Object.fromEntries(codes);
}

describe("openApiDocument()", () => {
  test("is valid OpenAPI, and each of its examples fits its schema", async () => {
    expect(document.openapi).toBe("3.1.0");
    expect(await documentErrors(document)).toEqual([]);
  });

  test("makes the same text again, also after the app has served requests", async () => {
    const app = sampleApp();
    for (const path of ["/tasks", "/tasks/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "/ready"]) {
      await app.handle(new Request(`http://sample.test${path}`));
    }
    const again = await openApiDocument(app, sampleInfo);
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  });

  test("names the API", () => {
    expect(document.info).toMatchObject({ title: "sample", version: "1.2.3" });
    expect(document.info.description).toStartWith("Samples.\n");
    expect(document.info).not.toHaveProperty("tags");
  });

  test.each([
    ["http://localhost:8000/swagger/json", "http://localhost:8000/"],
    ["https://shop.example/api/users/swagger/json", "https://shop.example/api/users/"],
  ])("served at %s, names as its server %s", (served, server) => {
    const [{ url, description } = { url: "" }, ...others] = document.servers;
    expect(new URL(url, served).href).toBe(server);
    expect(description).toBe("This service");
    expect(others).toEqual([]);
  });

  test("names the public URL as its server, where the service knows it", async () => {
    const publicUrl = "https://shop.example/api";
    const { servers } = await openApiDocument(sampleApp(), { ...sampleInfo, publicUrl });
    expect(servers).toEqual([{ url: publicUrl }]);
  });

  test("lists every route except the files of the reference, and the tag of the management routes last", () => {
    expect(Object.keys(document.paths)).toEqual([
      "/health",
      "/ready",
      "/metrics",
      "/swagger",
      "/swagger/json",
      "/notes",
      "/notes/{id}",
      "/tasks",
      "/tasks/{id}",
    ]);
    expect(document.tags).toEqual([
      { name: "notes", description: "Short texts" },
      { name: "tasks", description: "What is to be done" },
      { name: "operations", description: expect.stringContaining("probes") },
    ]);
  });

  test("says that no request needs authentication, and which license there is", () => {
    expect(document.security).toEqual([]);
    expect(document.info.license).toEqual({ name: "MIT License", identifier: "MIT" });
    expect(document.info.contact.name).not.toBe("");
  });

  test("describes every status that a route can respond with", () => {
    expect(statuses(createTask)).toBe("201 400 405 408 409 413 415 417 422 500 503");
    expect(statuses(listTasks)).toBe("200 405 422 500 503");
    expect(statuses(getTask)).toBe("200 304 404 405 422 500 503");
    expect(statuses(changeTask)).toBe("200 400 404 405 408 412 413 415 417 422 500 503");
    expect(statuses(deleteTask)).toBe("204 404 405 412 422 500 503");
  });

  test("documents no overload and no storage failure for management routes", () => {
    expect(statuses(operation("get", "/metrics"))).toBe("200 405");
    expect(statuses(getReady)).toBe("200 405 503");
    expect(headersOf(getReady, 503)).toBe("X-Request-Id");
    expect(getReady.responses[503]?.content).toMatchObject({
      "application/json": {
        example: { status: "draining", reason: "The service is shutting down" },
      },
    });
  });

  test("marks the header fields and problems that operations share", () => {
    const marked = (parts: Record<string, { "x-common"?: true | undefined }>) =>
      Object.keys(parts)
        .filter((name) => parts[name]?.["x-common"] === true)
        .join(" ");
    expect(marked(document.components.parameters)).toBe("X-Request-Id traceparent tracestate");
    expect(marked(changeTask.responses)).toBe("400 405 408 413 415 417 500 503");
    // POST /tasks has a 400 of its own.
    expect(marked(createTask.responses)).toBe("405 408 413 415 417 500 503");
    expect(marked(getReady.responses)).toBe("405");
  });

  test("describes HEAD beside every GET, with the same header fields and no body", () => {
    const head = operation("head", "/tasks/{id}");
    expect(statuses(head)).toBe(statuses(getTask));
    expect(parameterNames(head)).toBe(parameterNames(getTask));
    expect(headersOf(head, 200)).toBe(headersOf(getTask, 200));
    expect(head.operationId).toBe("getTaskHead");
    expect(JSON.stringify(head)).not.toContain('"content"');
  });
});

describe("openApiDocument(): bodies", () => {
  test("are JSON, and problems are problem+json", () => {
    const { requestBody, responses } = createTask;
    expect(Object.keys(requestBody?.content ?? {})).toEqual(["application/json"]);
    const types = Object.values(responses).flatMap(({ content = {} }) => Object.keys(content));
    expect(new Set(types)).toEqual(new Set(["application/json", "application/problem+json"]));
  });

  test("have the media type that routeDocs() names", () => {
    const types = (path: string) =>
      Object.keys(operation("get", path).responses[200]?.content ?? {});
    expect(types("/metrics")).toEqual(["text/plain; version=0.0.4"]);
    expect(types("/swagger")).toEqual(["text/html; charset=utf-8"]);
  });

  test("have an example made from the examples of their members", () => {
    const { requestBody, responses } = changeTask;
    const example = { title: "Milk & bread", state: "open" };
    expect(requestBody?.content["application/json"]?.example).toEqual(example);
    expect(responses[200]?.content?.["application/json"]?.example).toMatchObject(example);
    expect(listTasks.responses[200]?.content).toMatchObject({
      "application/json": { example: [{ title: "Milk & bread" }] },
    });
  });

  test("refer to a component if their schema has a title", () => {
    expect(Object.keys(document.components.schemas)).toEqual(["Problem", "Task"]);
    expect(createTask.responses[201]?.content).toMatchObject({
      "application/json": { schema: { $ref: "#/components/schemas/Task" } },
    });
  });

  test("are open objects, so that a later version may add members", () => {
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
  });

  test("list the values of an enumeration", () => {
    expect(document.components.schemas.Task?.properties).toMatchObject({
      state: { type: "string", enum: ["open", "done"] },
    });
  });

  test("are absent from 204 and 304", () => {
    expect(deleteTask.responses[204]).not.toHaveProperty("content");
    expect(getTask.responses[304]).not.toHaveProperty("content");
  });
});

describe("openApiDocument(): problems", () => {
  test("are a list with their codes where a status has several", () => {
    expect(getTask.responses[404]?.description).toBe("Task not found");
    expect(deleteTask.responses[412]?.description.split("\n")).toEqual([
      "- `precondition-failed`: Task has changed",
      expect.stringMatching(/^- `weak-tag`: If-Match has weak tags/),
      "- `precondition-failed`: If-None-Match excludes the present state",
    ]);
  });

  test("have an example for each cause, as the service sends it", () => {
    expect(problemExamples(getTask, 404)).toEqual([
      {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        code: "task-not-found",
        detail: "Task not found",
        instance: "/tasks/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
        request_id: expect.any(String),
      },
    ]);
    expect(problemExamples(listTasks, 503)).toMatchObject([
      { detail: "Too many requests at once" },
      { detail: "Storage is busy" },
      { detail: "Storage is full" },
      { detail: "Storage is gone" },
      { detail: "Storage cannot be reached" },
      { detail: "Storage was lost during the request; what it asked for may have been stored" },
    ]);
  });

  test("have the validation errors of the route's own schemas", () => {
    expect(problemExamples(listTasks, 422)).toMatchObject([
      {
        errors: [
          { parameter: "limit" },
          { parameter: "after" },
          { parameter: "sort", detail: 'Must be "created_at", found "abc"' },
          { parameter: "state" },
        ],
      },
    ]);
    expect(problemExamples(changeTask, 422)).toMatchObject([
      { errors: [{ parameter: "id" }, { header: "If-Match" }, { pointer: "#" }] },
    ]);
    expect(problemExamples(createTask, 422)).toMatchObject([
      { detail: "This Idempotency-Key was used with another body" },
      { errors: [{ pointer: "#/title" }] },
    ]);
  });

  test("list their codes, for each status, as an enumeration", () => {
    expect(codesOf(createTask)).toEqual({
      400: ["key-malformed", "malformed-json"],
      405: ["method-not-allowed"],
      408: ["body-timeout"],
      409: ["key-in-progress"],
      413: ["body-too-large"],
      415: ["unsupported-media-type", "unsupported-encoding"],
      417: ["expectation-failed"],
      422: ["key-reused", "validation-failed"],
      500: ["internal"],
      503: ["overloaded", "storage-busy", "storage-full", "storage-unavailable"],
    });
    expect(codesOf(getTask)).toMatchObject({ 404: ["task-not-found"], 422: ["validation-failed"] });
    expect(codesOf(getReady)).toEqual({ 405: ["method-not-allowed"] });
  });

  test("have each code with one status alone, and all codes in the schema of problems", () => {
    const statusesByCode = new Map<string, Set<string>>([["not-found", new Set(["404"])]]);
    for (const item of Object.values(document.paths)) {
      for (const [status, codes] of Object.values(item).flatMap((one) =>
        Object.entries(codesOf(one)),
      )) {
        for (const code of codes) {
          const known = statusesByCode.get(code) ?? new Set();
          statusesByCode.set(code, known.add(status));
        }
      }
    }
    expect([...statusesByCode].filter(([, { size }]) => size > 1)).toEqual([]);
    expect(document.components.schemas.Problem).toMatchObject({
      properties: { code: { type: "string", enum: [...statusesByCode.keys()].sort() } },
    });
    expect(document.components.schemas.Problem?.required).toContain("code");
  });

  test("list the methods of the path for 405", () => {
    expect(problemExamples(listTasks, 405)).toMatchObject([
      { detail: "Allowed methods: GET, HEAD, POST" },
    ]);
    expect(headersOf(listTasks, 405)).toBe("Allow X-Request-Id");
  });
});

describe("openApiDocument(): header fields", () => {
  test("of requests have their canonical names", () => {
    const everywhere = "X-Request-Id traceparent tracestate";
    expect(parameterNames(createTask)).toBe(`Idempotency-Key ${everywhere}`);
    expect(parameterNames(listTasks)).toBe(`limit after sort state ${everywhere}`);
    expect(parameterNames(getTask)).toBe(`id If-None-Match ${everywhere}`);
    expect(parameterNames(changeTask)).toBe(`id If-Match If-None-Match ${everywhere}`);
  });

  test("of responses are listed with every status that has them", () => {
    expect(headersOf(createTask, 201)).toBe("ETag Idempotent-Replayed Location X-Request-Id");
    expect(headersOf(createTask, 409)).toBe("Retry-After X-Request-Id");
    expect(headersOf(createTask, 503)).toBe("Retry-After X-Request-Id");
    expect(headersOf(listTasks, 200)).toBe("Link X-Request-Id");
    expect(headersOf(createTask, 415)).toBe("Accept Accept-Encoding X-Request-Id");
    expect(headersOf(changeTask, 415)).toBe("Accept-Encoding Accept-Patch X-Request-Id");
    expect(headersOf(getTask, 200)).toBe("ETag X-Request-Id");
    expect(headersOf(getTask, 304)).toBe("ETag X-Request-Id");
    expect(headersOf(changeTask, 200)).toBe("ETag X-Request-Id");
    expect(headersOf(deleteTask, 204)).toBe("X-Request-Id");
  });
});

test("openApiDocument() says that a header field is optional where only some of the problems have it", () => {
  expect(createTask.responses[415]?.headers).toMatchObject({
    Accept: { required: false, schema: { const: "application/json" } },
    "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
  });
});

test("openApiDocument() gives an example to required parameters only, since Swagger UI sends it", () => {
  const [id] = getTask.parameters;
  expect(id).toMatchObject({ required: true, example: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42" });
  const optional = [...Object.values(document.components.parameters), ...listTasks.parameters];
  for (const parameter of optional) expect(parameter).not.toHaveProperty("example");
});

test("openApiDocument() shows a list with commas as an array, and how a client writes it", async () => {
  const app = new Elysia().get("/a", () => "a", {
    query: requestObject({ ids: Type.Optional(uuidList) }),
    response: { 200: Type.String({ examples: ["a"] }) },
    detail: routeDocs({ operationId: "getA", summary: "Get", tag: "letters" }),
  });
  const { paths } = await openApiDocument(app, sampleInfo);
  expect(paths["/a"]?.get?.parameters[0]).toEqual({
    name: "ids",
    in: "query",
    required: false,
    description: "Only those with one of these identifiers",
    schema: {
      type: "array",
      items: JSON.parse(JSON.stringify(uuid)),
      minItems: 1,
      maxItems: 100,
    },
    style: "form",
    explode: false,
  });
});
