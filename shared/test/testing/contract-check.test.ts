import { describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/openapi/document.ts";
import { validatingFetch } from "../../testing/contract-check.ts";
import { sampleApp, sampleInfo } from "../../testing/sample-service.ts";

const app = sampleApp();
const document = await openApiDocument(app, sampleInfo);

function request(method: string, path: string, init: RequestInit = {}): Request {
  return new Request(`http://sample.test${path}`, { ...init, method });
}

function withJson(method: string, path: string, value: unknown, headers = {}): Request {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  return request(method, path, {
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

describe("validatingFetch() lets through a documented response", () => {
  const call = validatingFetch((sent) => app.handle(sent), document);
  const statusOf = async (sent: Request) => (await call(sent)).status;

  test("to what a client does with a resource", async () => {
    const created = await call(withJson("POST", "/tasks", { title: "Milk" }));
    expect(created.status).toBe(201);
    const path = created.headers.get("location") ?? "";
    const tag = created.headers.get("etag") ?? "";

    expect(await statusOf(request("GET", "/tasks"))).toBe(200);
    expect(await statusOf(request("GET", path))).toBe(200);
    expect(await statusOf(request("HEAD", path))).toBe(200);
    const known = { "if-none-match": tag };
    expect(await statusOf(request("GET", path, { headers: known }))).toBe(304);
    expect(await statusOf(request("HEAD", path, { headers: known }))).toBe(304);
    const stale = { "if-match": '"old"' };
    expect(await statusOf(withJson("PATCH", path, { title: "Bread" }, stale))).toBe(412);
    expect(await statusOf(withJson("PATCH", path, { state: "done" }))).toBe(200);
    expect(await statusOf(request("DELETE", path))).toBe(204);
    expect(await statusOf(request("GET", path))).toBe(404);
    expect(await statusOf(request("HEAD", path))).toBe(404);
  });

  test("to requests that the service rejects", async () => {
    expect(await statusOf(withJson("POST", "/tasks", "{"))).toBe(400);
    expect(await statusOf(withJson("POST", "/tasks", {}))).toBe(422);
    expect(await statusOf(request("POST", "/tasks", { body: "title=Milk" }))).toBe(415);
    const busy = { "idempotency-key": "busy" };
    expect(await statusOf(withJson("POST", "/tasks", { title: "Milk" }, busy))).toBe(409);
    const large = "x".repeat(2000);
    const length = { "content-length": "2000" };
    expect(await statusOf(withJson("POST", "/tasks", large, length))).toBe(413);
    expect(await statusOf(request("GET", "/tasks?state=gone"))).toBe(422);
    expect(await statusOf(request("GET", "/tasks/42"))).toBe(422);
    expect(await statusOf(request("HEAD", "/tasks/42"))).toBe(422);
  });

  test("to paths and methods that the document does not have", async () => {
    expect(await statusOf(request("GET", "/nothing"))).toBe(404);
    expect(await statusOf(request("GET", "/tasks/"))).toBe(404);
    expect(await statusOf(request("DELETE", "/tasks"))).toBe(405);
    expect(await statusOf(request("OPTIONS", "/tasks"))).toBe(405);
  });

  test("to probes, also while the service drains", async () => {
    const draining = sampleApp({ phase: "draining" });
    const probe = validatingFetch((sent) => draining.handle(sent), document);
    expect((await probe(request("GET", "/ready"))).status).toBe(503);
    expect(await statusOf(request("GET", "/ready"))).toBe(200);
    expect(await statusOf(request("GET", "/metrics"))).toBe(200);
  });

  test("with its body still unread", async () => {
    const response = await call(request("GET", "/ready"));
    expect(await response.json()).toEqual({ status: "ready" });
  });
});

describe("validatingFetch() throws", () => {
  const task = {
    id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
    title: "Milk",
    state: "open",
    updated_at: "2026-01-31T12:00:00.000Z",
  };
  const fields = { "x-request-id": "r1", etag: '"1"', "content-type": "application/json" };
  const problem = {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: "Task not found",
    instance: "/tasks/1",
    request_id: "r1",
  };
  const problemFields = { "x-request-id": "r1", "content-type": "application/problem+json" };

  /** The message of the error for this response; `nothing` if there is none. */
  async function complaint(
    sent: Request,
    body: unknown,
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> },
  ): Promise<string> {
    const text = body === undefined ? null : JSON.stringify(body);
    const call = validatingFetch(() => new Response(text, { status, headers }), document);
    try {
      await call(sent);
      return "nothing";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  }
  const oneTask = () => request("GET", `/tasks/${task.id}`);

  test("only if there is something wrong with the response", async () => {
    expect(await complaint(oneTask(), task, { headers: fields })).toBe("nothing");
    const gone = { status: 404, headers: problemFields };
    expect(await complaint(oneTask(), problem, gone)).toBe("nothing");
  });

  test("if the status is not documented", async () => {
    expect(await complaint(oneTask(), task, { status: 202, headers: fields })).toContain(
      "Status 202 is not one of 200, 304, 404, 405, 422, 500, 503",
    );
  });

  test("if the body does not fit the schema, and says where and why", async () => {
    const { title: _, ...untitled } = task;
    expect(await complaint(oneTask(), untitled, { headers: fields })).toContain("'title'");
    const more = { ...task, password: "x" };
    expect(await complaint(oneTask(), more, { headers: fields })).toContain("password");
    const odd = { ...task, id: "42", updated_at: "yesterday" };
    const said = await complaint(oneTask(), odd, { headers: fields });
    expect(said).toContain('/id must match format "uuid"');
    expect(said).toContain('/updated_at must match format "date-time"');
  });

  test("if a header field is missing, malformed or not documented", async () => {
    const { etag: _, ...untagged } = fields;
    expect(await complaint(oneTask(), task, { headers: untagged })).toContain("ETag is missing");
    const weak = { ...fields, etag: "1" };
    expect(await complaint(oneTask(), task, { headers: weak })).toContain('ETag "1": ');
    const more = { ...fields, "x-powered-by": "us" };
    expect(await complaint(oneTask(), task, { headers: more })).toContain(
      'x-powered-by "us" is not documented',
    );
  });

  test("if the media type is another", async () => {
    const plain = { ...fields, "content-type": "text/plain" };
    expect(await complaint(oneTask(), task, { headers: plain })).toContain(
      "Media type text/plain is not one of application/json",
    );
    const json = { ...problemFields, "content-type": "application/json" };
    expect(await complaint(oneTask(), problem, { status: 404, headers: json })).toContain(
      "Media type application/json is not one of application/problem+json",
    );
  });

  test("if there is a body where none is documented", async () => {
    const head = request("HEAD", "/ready");
    expect(
      await complaint(head, { status: "ready" }, { headers: { "x-request-id": "r1" } }),
    ).toContain("HEAD has a body with 200");
  });

  test("if a problem contradicts the response around it", async () => {
    const other = { ...problem, status: 409, request_id: "r2" };
    const said = await complaint(oneTask(), other, { status: 404, headers: problemFields });
    expect(said).toContain("status in the problem is not the response's, 404");
    expect(said).toContain("request_id in the problem is not the response's, r1");
  });

  test("if an unknown path or method gets another response than 404 or 405", async () => {
    expect(await complaint(request("GET", "/nothing"), task, { headers: fields })).toContain(
      "Status 200 is not one of 404",
    );
    expect(await complaint(request("PUT", "/tasks"), task, { headers: fields })).toContain(
      "Status 200 is not one of 405",
    );
  });

  test("if Allow lists other methods than the path has", async () => {
    const refusal = { ...problem, status: 405, title: "Method Not Allowed" };
    const headers = { ...problemFields, allow: "GET" };
    expect(await complaint(request("PUT", "/tasks"), refusal, { status: 405, headers })).toContain(
      "Allow is GET, but the path has GET, HEAD, POST",
    );
  });
});
