import { describe, expect, test } from "bun:test";
import type { Operation } from "../../src/openapi/types.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { documentErrors } from "../../testing/document-check.ts";
import { sampleApp, sampleInfo } from "../../testing/sample-service.ts";

const document = await openApiDocument(sampleApp(), sampleInfo);

function operation(method: "get" | "head" | "post" | "patch" | "delete", path: string): Operation {
  const found = document.paths[path]?.[method];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

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

  test("names the API, and the server that serves the document as its server", () => {
    expect(document.info).toMatchObject({ title: "sample", version: "1.2.3" });
    expect(document.info.description).toStartWith("Samples.\n");
    expect(document.servers).toEqual([{ url: "/" }]);
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
    expect(document.tags).toEqual([{ name: "notes" }, { name: "tasks" }, { name: "operations" }]);
  });

  test("describes every status that a route can respond with", () => {
    expect(statuses(operation("post", "/tasks"))).toBe("201 400 405 408 409 413 415 422 500 503");
    expect(statuses(operation("get", "/tasks"))).toBe("200 405 422 500 503");
    expect(statuses(operation("get", "/tasks/{id}"))).toBe("200 304 404 405 422 500 503");
    expect(statuses(operation("patch", "/tasks/{id}"))).toBe(
      "200 400 404 405 408 412 413 415 422 500 503",
    );
    expect(statuses(operation("delete", "/tasks/{id}"))).toBe("204 404 405 412 422 500 503");
  });

  test("documents no overload and no storage failure for management routes", () => {
    expect(statuses(operation("get", "/metrics"))).toBe("200 405");
    expect(statuses(operation("get", "/ready"))).toBe("200 405 503");
    expect(headersOf(operation("get", "/ready"), 503)).toBe("X-Request-Id");
    expect(operation("get", "/ready").responses[503]?.content).toMatchObject({
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
    expect(marked(operation("patch", "/tasks/{id}").responses)).toBe("400 405 408 413 415 500 503");
    // POST /tasks has a 400 of its own.
    expect(marked(operation("post", "/tasks").responses)).toBe("405 408 413 415 500 503");
    expect(marked(operation("get", "/ready").responses)).toBe("405");
  });

  test("describes HEAD beside every GET, with the same header fields and no body", () => {
    const get = operation("get", "/tasks/{id}");
    const head = operation("head", "/tasks/{id}");
    expect(statuses(head)).toBe(statuses(get));
    expect(parameterNames(head)).toBe(parameterNames(get));
    expect(headersOf(head, 200)).toBe(headersOf(get, 200));
    expect(head.operationId).toBe("getTaskHead");
    expect(JSON.stringify(head)).not.toContain('"content"');
  });
});

describe("openApiDocument(): bodies", () => {
  test("are JSON, and problems are problem+json", () => {
    const { requestBody, responses } = operation("post", "/tasks");
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
    const { requestBody, responses } = operation("patch", "/tasks/{id}");
    expect(requestBody?.content["application/json"]?.example).toEqual({
      title: "Milk & bread",
      state: "open",
    });
    expect(responses[200]?.content?.["application/json"]?.example).toMatchObject({
      title: "Milk & bread",
      state: "open",
    });
    expect(operation("get", "/tasks").responses[200]?.content).toMatchObject({
      "application/json": { example: [{ title: "Milk & bread" }] },
    });
  });

  test("refer to a component if their schema has a title", () => {
    expect(Object.keys(document.components.schemas)).toEqual(["Problem", "Task"]);
    expect(operation("post", "/tasks").responses[201]?.content).toMatchObject({
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
    expect(operation("delete", "/tasks/{id}").responses[204]).not.toHaveProperty("content");
    expect(operation("get", "/tasks/{id}").responses[304]).not.toHaveProperty("content");
  });
});

describe("openApiDocument(): problems", () => {
  test("have an example for each cause, as the service sends it", () => {
    expect(problemExamples(operation("get", "/tasks/{id}"), 404)).toEqual([
      {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        detail: "Task not found",
        instance: "/tasks/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
        request_id: expect.any(String),
      },
    ]);
    expect(problemExamples(operation("get", "/tasks"), 503)).toMatchObject([
      { detail: "Too many requests at once" },
      { detail: "Storage is busy" },
      { detail: "Storage is full" },
      { detail: "Storage is gone" },
    ]);
  });

  test("have the validation errors of the route's own schemas", () => {
    expect(problemExamples(operation("get", "/tasks"), 422)).toMatchObject([
      { errors: [{ parameter: "after" }, { parameter: "state" }] },
    ]);
    expect(problemExamples(operation("patch", "/tasks/{id}"), 422)).toMatchObject([
      { errors: [{ parameter: "id" }, { header: "If-Match" }, { pointer: "#" }] },
    ]);
    expect(problemExamples(operation("post", "/tasks"), 422)).toMatchObject([
      { detail: "This key was used with another body" },
      { errors: [{ pointer: "#/title" }] },
    ]);
  });

  test("list the methods of the path for 405", () => {
    expect(problemExamples(operation("get", "/tasks"), 405)).toMatchObject([
      { detail: "Allowed methods: GET, HEAD, POST" },
    ]);
    expect(headersOf(operation("get", "/tasks"), 405)).toBe("Allow X-Request-Id");
  });
});

describe("openApiDocument(): header fields", () => {
  test("of requests have their canonical names", () => {
    const everywhere = "X-Request-Id traceparent tracestate";
    expect(parameterNames(operation("post", "/tasks"))).toBe(`Idempotency-Key ${everywhere}`);
    expect(parameterNames(operation("get", "/tasks"))).toBe(`after state ${everywhere}`);
    expect(parameterNames(operation("get", "/tasks/{id}"))).toBe(`id If-None-Match ${everywhere}`);
    expect(parameterNames(operation("patch", "/tasks/{id}"))).toBe(
      `id If-Match If-None-Match ${everywhere}`,
    );
  });

  test("of responses are listed with every status that has them", () => {
    expect(headersOf(operation("post", "/tasks"), 201)).toBe(
      "ETag Idempotent-Replayed Location X-Request-Id",
    );
    expect(headersOf(operation("post", "/tasks"), 409)).toBe("Retry-After X-Request-Id");
    expect(headersOf(operation("post", "/tasks"), 503)).toBe("Retry-After X-Request-Id");
    expect(headersOf(operation("get", "/tasks"), 200)).toBe("Link X-Request-Id");
    expect(headersOf(operation("get", "/tasks/{id}"), 200)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("get", "/tasks/{id}"), 304)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("patch", "/tasks/{id}"), 200)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("delete", "/tasks/{id}"), 204)).toBe("X-Request-Id");
  });
});

test("openApiDocument() gives an example to required parameters only, since Swagger UI sends it", () => {
  const [id] = operation("get", "/tasks/{id}").parameters;
  expect(id).toMatchObject({ required: true, example: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42" });
  const optional = [
    ...Object.values(document.components.parameters),
    ...operation("get", "/tasks").parameters,
  ];
  for (const parameter of optional) expect(parameter).not.toHaveProperty("example");
});
