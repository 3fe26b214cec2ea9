import { describe as group, expect, test } from "bun:test";
import type { Operation } from "../../src/openapi/types.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { documentErrors } from "../../testing/document-check.ts";
import { noteInfo, noteService } from "../../testing/sample-service.ts";

const document = await openApiDocument(noteService(), noteInfo);

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

group("the API document", () => {
  test("is valid OpenAPI, and each of its examples fits its schema", async () => {
    expect(document.openapi).toBe("3.1.0");
    expect(await documentErrors(document)).toEqual([]);
  });

  test("is the same text whenever it is made, also after requests were answered", async () => {
    const app = noteService();
    for (const path of ["/notes", "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "/ready"]) {
      await app.handle(new Request(`http://notes.test${path}`));
    }
    const again = await openApiDocument(app, noteInfo);
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  });

  test("says what the API is called and that it is where the document is", () => {
    expect(document.info).toMatchObject({ title: "note-service", version: "1.2.3" });
    expect(document.info.description).toStartWith("Notes.\n");
    expect(document.servers).toEqual([{ url: "/" }]);
  });

  test("lists every route but the files of its page, those about the service last", () => {
    expect(Object.keys(document.paths)).toEqual([
      "/swagger",
      "/swagger/json",
      "/ready",
      "/metrics",
      "/notes",
      "/notes/{id}",
    ]);
    expect(document.tags).toEqual([{ name: "notes" }, { name: "operations" }]);
  });

  test("describes every status that a route can answer with", () => {
    expect(statuses(operation("post", "/notes"))).toBe("201 400 405 408 409 413 415 422 500 503");
    expect(statuses(operation("get", "/notes"))).toBe("200 405 422 500 503");
    expect(statuses(operation("get", "/notes/{id}"))).toBe("200 304 404 405 422 500 503");
    expect(statuses(operation("patch", "/notes/{id}"))).toBe(
      "200 400 404 405 408 412 413 415 422 500 503",
    );
    expect(statuses(operation("delete", "/notes/{id}"))).toBe("204 404 405 412 422 500 503");
  });

  test("knows that operations endpoints are neither shed nor stored", () => {
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
    const common = ({ responses }: Operation) =>
      Object.keys(responses).filter((status) => responses[status]?.["x-common"] === true);
    expect(common(operation("post", "/notes"))).toEqual([
      "400",
      "405",
      "408",
      "413",
      "415",
      "500",
      "503",
    ]);
    expect(common(operation("get", "/notes/{id}"))).toEqual(["405", "500", "503"]);
    expect(common(operation("get", "/ready"))).toEqual(["405"]);
    const { parameters } = document.components;
    expect(
      Object.keys(parameters).filter((name) => parameters[name]?.["x-common"] === true),
    ).toEqual(["X-Request-Id", "traceparent", "tracestate"]);
  });

  test("describes HEAD wherever GET is, with the same header fields and no body", () => {
    const get = operation("get", "/notes/{id}");
    const head = operation("head", "/notes/{id}");
    expect(statuses(head)).toBe(statuses(get));
    expect(parameterNames(head)).toBe(parameterNames(get));
    expect(headersOf(head, 200)).toBe(headersOf(get, 200));
    expect(head.operationId).toBe("getNoteHead");
    expect(JSON.stringify(head)).not.toContain('"content"');
  });
});

group("bodies in the document", () => {
  test("are JSON, and problems are problem+json", () => {
    const { requestBody, responses } = operation("post", "/notes");
    expect(Object.keys(requestBody?.content ?? {})).toEqual(["application/json"]);
    const types = Object.values(responses).flatMap(({ content = {} }) => Object.keys(content));
    expect(new Set(types)).toEqual(new Set(["application/json", "application/problem+json"]));
  });

  test("have the media type that the route says where it is another", () => {
    const types = (path: string) =>
      Object.keys(operation("get", path).responses[200]?.content ?? {});
    expect(types("/metrics")).toEqual(["text/plain; version=0.0.4"]);
    expect(types("/swagger")).toEqual(["text/html; charset=utf-8"]);
  });

  test("have an example made of those of their members", () => {
    const { requestBody, responses } = operation("patch", "/notes/{id}");
    expect(requestBody?.content["application/json"]?.example).toEqual({
      title: "Milk & bread",
      state: "open",
    });
    expect(responses[200]?.content?.["application/json"]?.example).toMatchObject({
      title: "Milk & bread",
      state: "open",
    });
    expect(operation("get", "/notes").responses[200]?.content).toMatchObject({
      "application/json": { example: [{ title: "Milk & bread" }] },
    });
  });

  test("share schemas that have a title", () => {
    expect(Object.keys(document.components.schemas)).toEqual(["Problem", "Note"]);
    expect(operation("post", "/notes").responses[201]?.content).toMatchObject({
      "application/json": { schema: { $ref: "#/components/schemas/Note" } },
    });
  });

  test("may be given more members one day", () => {
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
  });

  test("name the values of an enumeration", () => {
    expect(document.components.schemas.Note?.properties).toMatchObject({
      state: { type: "string", enum: ["open", "done"] },
    });
  });

  test("are absent from 204 and 304", () => {
    expect(operation("delete", "/notes/{id}").responses[204]).not.toHaveProperty("content");
    expect(operation("get", "/notes/{id}").responses[304]).not.toHaveProperty("content");
  });
});

group("problems in the document", () => {
  test("are shown as the service sends them, one for each reason", () => {
    expect(problemExamples(operation("get", "/notes/{id}"), 404)).toEqual([
      {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        detail: "Note not found",
        instance: "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
        request_id: expect.any(String),
      },
    ]);
    expect(problemExamples(operation("get", "/notes"), 503)).toMatchObject([
      { detail: "Too many requests at once" },
      { detail: "Storage is busy" },
      { detail: "Storage is full" },
      { detail: "Storage is gone" },
    ]);
  });

  test("name the faults of a request in the words of its schema", () => {
    expect(problemExamples(operation("get", "/notes"), 422)).toMatchObject([
      { errors: [{ parameter: "after" }, { parameter: "state" }] },
    ]);
    expect(problemExamples(operation("patch", "/notes/{id}"), 422)).toMatchObject([
      { errors: [{ parameter: "id" }, { header: "If-Match" }, { pointer: "#" }] },
    ]);
    expect(problemExamples(operation("post", "/notes"), 422)).toMatchObject([
      { detail: "This key was used with another body" },
      { errors: [{ pointer: "#/title" }] },
    ]);
  });

  test("say for 405 which methods the path has", () => {
    expect(problemExamples(operation("get", "/notes"), 405)).toMatchObject([
      { detail: "Allowed methods: GET, HEAD, POST" },
    ]);
    expect(headersOf(operation("get", "/notes"), 405)).toBe("Allow X-Request-Id");
  });
});

group("header fields in the document", () => {
  test("of requests are listed under the names that people write", () => {
    const everywhere = "X-Request-Id traceparent tracestate";
    expect(parameterNames(operation("post", "/notes"))).toBe(`Idempotency-Key ${everywhere}`);
    expect(parameterNames(operation("get", "/notes"))).toBe(`after state ${everywhere}`);
    expect(parameterNames(operation("get", "/notes/{id}"))).toBe(`id If-None-Match ${everywhere}`);
    expect(parameterNames(operation("patch", "/notes/{id}"))).toBe(
      `id If-Match If-None-Match ${everywhere}`,
    );
  });

  test("of answers are listed with every status that has them", () => {
    expect(headersOf(operation("post", "/notes"), 201)).toBe(
      "ETag Idempotent-Replayed Location X-Request-Id",
    );
    expect(headersOf(operation("post", "/notes"), 409)).toBe("Retry-After X-Request-Id");
    expect(headersOf(operation("post", "/notes"), 503)).toBe("Retry-After X-Request-Id");
    expect(headersOf(operation("get", "/notes"), 200)).toBe("Link X-Request-Id");
    expect(headersOf(operation("get", "/notes/{id}"), 200)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("get", "/notes/{id}"), 304)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("patch", "/notes/{id}"), 200)).toBe("ETag X-Request-Id");
    expect(headersOf(operation("delete", "/notes/{id}"), 204)).toBe("X-Request-Id");
  });
});

test("trying a route sends an example of what it needs and nothing that may be left out", () => {
  const [id] = operation("get", "/notes/{id}").parameters;
  expect(id).toMatchObject({ required: true, example: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42" });
  const optional = [
    ...Object.values(document.components.parameters),
    ...operation("get", "/notes").parameters,
  ];
  for (const parameter of optional) expect(parameter).not.toHaveProperty("example");
});
