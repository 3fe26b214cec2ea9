import { describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/openapi/document.ts";
import { validatingFetch } from "../../testing/contract-check.ts";
import { sampleApp, sampleInfo } from "../../testing/sample-service.ts";

const app = sampleApp();
const document = await openApiDocument(app, sampleInfo);

function request(method: string, path: string, init: RequestInit = {}): Request {
  return new Request(`http://sample.test${path}`, { ...init, method });
}

/** A JSON body; text is sent as it is. */
function json(value: unknown, headers: Record<string, string> = {}): RequestInit {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  return { body, headers: { "content-type": "application/json", ...headers } };
}

describe("validatingFetch() lets through a documented response", () => {
  const call = validatingFetch((sent) => app.handle(sent), document);
  const statusOf = async (method: string, path: string, init?: RequestInit) =>
    (await call(request(method, path, init))).status;

  test("to what a client does with a resource", async () => {
    const created = await call(request("POST", "/tasks", json({ title: "Milk" })));
    expect(created.status).toBe(201);
    const path = created.headers.get("location") ?? "";
    const tag = created.headers.get("etag") ?? "";

    expect(await statusOf("GET", "/tasks")).toBe(200);
    expect(await statusOf("GET", path)).toBe(200);
    expect(await statusOf("HEAD", path)).toBe(200);
    const known = { "if-none-match": tag };
    expect(await statusOf("GET", path, { headers: known })).toBe(304);
    expect(await statusOf("HEAD", path, { headers: known })).toBe(304);
    const stale = { "if-match": '"old"' };
    expect(await statusOf("PATCH", path, json({ title: "Bread" }, stale))).toBe(412);
    expect(await statusOf("PATCH", path, json({ state: "done" }))).toBe(200);
    expect(await statusOf("DELETE", path)).toBe(204);
    expect(await statusOf("GET", path)).toBe(404);
    expect(await statusOf("HEAD", path)).toBe(404);
  });

  test.each<[number, string, string, RequestInit?]>([
    [400, "POST", "/tasks", json("{")],
    [422, "POST", "/tasks", json({})],
    [415, "POST", "/tasks", { body: "title=Milk" }],
    [409, "POST", "/tasks", json({ title: "Milk" }, { "idempotency-key": "busy" })],
    [413, "POST", "/tasks", json("x".repeat(2000), { "content-length": "2000" })],
    [422, "GET", "/tasks?state=gone"],
    [422, "GET", "/tasks/42"],
    [422, "HEAD", "/tasks/42"],
    // The document does not have these paths and methods.
    [404, "GET", "/nothing"],
    [404, "GET", "/tasks/"],
    [405, "DELETE", "/tasks"],
    [405, "OPTIONS", "/tasks"],
  ])("with status %i to %s %s", async (status, method, path, init) => {
    expect(await statusOf(method, path, init)).toBe(status);
  });

  test("to probes, also while the service drains", async () => {
    const draining = sampleApp({ phase: "draining" });
    const probe = validatingFetch((sent) => draining.handle(sent), document);
    expect((await probe(request("GET", "/ready"))).status).toBe(503);
    expect(await statusOf("GET", "/ready")).toBe(200);
    expect(await statusOf("GET", "/metrics")).toBe(200);
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
  const jsonFields = { "x-request-id": "r1", "content-type": "application/json" };
  const fields = { ...jsonFields, etag: '"1"' };
  const problem = {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    code: "task-not-found",
    detail: "Task not found",
    instance: "/tasks/1",
    request_id: "r1",
  };
  const problemFields = { "x-request-id": "r1", "content-type": "application/problem+json" };
  const notFound = { status: 404, body: problem, headers: problemFields };

  /** The message of the error for a response, by default a documented one; `nothing` if there is none. */
  async function complaint({
    sent = request("GET", `/tasks/${task.id}`),
    body = task,
    status = 200,
    headers = fields,
  }: ResponseInit & { sent?: Request; body?: object } = {}): Promise<string> {
    const response = new Response(JSON.stringify(body), { status, headers });
    const checked = validatingFetch(() => response, document)(sent);
    return await checked.then(() => "nothing", String);
  }

  test("only if there is something wrong with the response", async () => {
    expect(await complaint()).toBe("nothing");
    expect(await complaint(notFound)).toBe("nothing");
  });

  test("if the status is not documented", async () => {
    const statuses = "200, 304, 404, 405, 422, 500, 503";
    expect(await complaint({ status: 202 })).toContain(`Status 202 is not one of ${statuses}`);
  });

  test("if the body does not fit the schema, and says where and why", async () => {
    expect(await complaint({ body: { ...task, title: undefined } })).toContain("'title'");
    expect(await complaint({ body: { ...task, password: "x" } })).toContain("password");
    const said = await complaint({ body: { ...task, id: "42", updated_at: "yesterday" } });
    expect(said).toContain('/id must match format "uuid"');
    expect(said).toContain('/updated_at must match format "date-time"');
  });

  test("if a header field is missing, malformed or not documented", async () => {
    expect(await complaint({ headers: jsonFields })).toContain("ETag is missing");
    expect(await complaint({ headers: { ...fields, etag: "1" } })).toContain('ETag "1": ');
    const more = { ...fields, "x-powered-by": "us" };
    expect(await complaint({ headers: more })).toContain('x-powered-by "us" is not documented');
  });

  test("if the media type is another", async () => {
    const plain = { ...fields, "content-type": "text/plain" };
    expect(await complaint({ headers: plain })).toContain(
      "Media type text/plain is not one of application/json",
    );
    expect(await complaint({ ...notFound, headers: jsonFields })).toContain(
      "Media type application/json is not one of application/problem+json",
    );
  });

  test("if there is a body where none is documented", async () => {
    const said = await complaint({
      sent: request("HEAD", "/ready"),
      body: { status: "ready" },
      headers: { "x-request-id": "r1" },
    });
    expect(said).toContain("HEAD has a body with 200");
  });

  test("if a problem contradicts the response around it", async () => {
    const body = { ...problem, status: 409, request_id: "r2" };
    const said = await complaint({ ...notFound, body });
    expect(said).toContain("status in the problem is not the response's, 404");
    expect(said).toContain("request_id in the problem is not the response's, r1");
  });

  test("if a problem has a code that is not documented for its status", async () => {
    for (const code of ["internal", "user-not-found", undefined]) {
      const said = await complaint({ ...notFound, body: { ...problem, code } });
      expect(said).toContain("code");
    }
  });

  test("if an unknown path or method gets another response than 404 or 405", async () => {
    const unknownPath = request("GET", "/nothing");
    expect(await complaint({ sent: unknownPath })).toContain("Status 200 is not one of 404");
    const unknownMethod = request("PUT", "/tasks");
    expect(await complaint({ sent: unknownMethod })).toContain("Status 200 is not one of 405");
  });

  test("if Allow lists other methods than the path has", async () => {
    const said = await complaint({
      sent: request("PUT", "/tasks"),
      status: 405,
      body: { ...problem, status: 405, code: "method-not-allowed", title: "Method Not Allowed" },
      headers: { ...problemFields, allow: "GET" },
    });
    expect(said).toContain("Allow is GET, but the path has GET, HEAD, POST");
  });
});
