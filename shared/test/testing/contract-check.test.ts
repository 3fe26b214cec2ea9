import { describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/openapi/document.ts";
import { validatingFetch } from "../../testing/contract-check.ts";
import { noteInfo, noteService } from "../../testing/sample-service.ts";

const app = noteService();
const document = await openApiDocument(app, noteInfo);

function request(method: string, path: string, init: RequestInit = {}): Request {
  return new Request(`http://notes.test${path}`, { ...init, method });
}

function withJson(method: string, path: string, value: unknown, headers = {}): Request {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  return request(method, path, {
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

describe("answers as documented pass", () => {
  const call = validatingFetch((sent) => app.handle(sent), document);
  const statusOf = async (sent: Request) => (await call(sent)).status;

  test("to what a client does with a resource", async () => {
    const created = await call(withJson("POST", "/notes", { title: "Milk" }));
    expect(created.status).toBe(201);
    const path = created.headers.get("location") ?? "";
    const tag = created.headers.get("etag") ?? "";

    expect(await statusOf(request("GET", "/notes"))).toBe(200);
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

  test("to requests that are refused", async () => {
    expect(await statusOf(withJson("POST", "/notes", "{"))).toBe(400);
    expect(await statusOf(withJson("POST", "/notes", {}))).toBe(422);
    expect(await statusOf(request("POST", "/notes", { body: "title=Milk" }))).toBe(415);
    const busy = { "idempotency-key": "busy" };
    expect(await statusOf(withJson("POST", "/notes", { title: "Milk" }, busy))).toBe(409);
    const large = "x".repeat(2000);
    const length = { "content-length": "2000" };
    expect(await statusOf(withJson("POST", "/notes", large, length))).toBe(413);
    expect(await statusOf(request("GET", "/notes?state=gone"))).toBe(422);
    expect(await statusOf(request("GET", "/notes/42"))).toBe(422);
    expect(await statusOf(request("HEAD", "/notes/42"))).toBe(422);
  });

  test("to paths and methods that the document does not have", async () => {
    expect(await statusOf(request("GET", "/nothing"))).toBe(404);
    expect(await statusOf(request("GET", "/notes/"))).toBe(404);
    expect(await statusOf(request("DELETE", "/notes"))).toBe(405);
    expect(await statusOf(request("OPTIONS", "/notes"))).toBe(405);
  });

  test("to probes, also while the service is not ready", async () => {
    const draining = noteService({ isReady: false });
    const probe = validatingFetch((sent) => draining.handle(sent), document);
    expect((await probe(request("GET", "/ready"))).status).toBe(503);
    expect(await statusOf(request("GET", "/ready"))).toBe(200);
    expect(await statusOf(request("GET", "/metrics"))).toBe(200);
  });

  test("with their body still to be read", async () => {
    const response = await call(request("GET", "/ready"));
    expect(await response.json()).toEqual({ status: "ready" });
  });
});

describe("an answer is refused", () => {
  const note = {
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
    detail: "Note not found",
    instance: "/notes/1",
    request_id: "r1",
  };
  const problemFields = { "x-request-id": "r1", "content-type": "application/problem+json" };

  /** What the check says if `path` were answered so. */
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
  const oneNote = () => request("GET", `/notes/${note.id}`);

  test("unless nothing is wrong with it", async () => {
    expect(await complaint(oneNote(), note, { headers: fields })).toBe("nothing");
    const gone = { status: 404, headers: problemFields };
    expect(await complaint(oneNote(), problem, gone)).toBe("nothing");
  });

  test("if its status is not documented", async () => {
    expect(await complaint(oneNote(), note, { status: 202, headers: fields })).toContain(
      "Status 202 is not one of 200, 304, 404, 405, 422, 500, 503",
    );
  });

  test("if its body does not fit the schema, telling where and what", async () => {
    const { title: _, ...untitled } = note;
    expect(await complaint(oneNote(), untitled, { headers: fields })).toContain("'title'");
    const more = { ...note, password: "x" };
    expect(await complaint(oneNote(), more, { headers: fields })).toContain("password");
    const odd = { ...note, id: "42", updated_at: "yesterday" };
    const said = await complaint(oneNote(), odd, { headers: fields });
    expect(said).toContain('/id must match format "uuid"');
    expect(said).toContain('/updated_at must match format "date-time"');
  });

  test("if a header field is missing, malformed or not documented", async () => {
    const { etag: _, ...untagged } = fields;
    expect(await complaint(oneNote(), note, { headers: untagged })).toContain("ETag is missing");
    const weak = { ...fields, etag: "1" };
    expect(await complaint(oneNote(), note, { headers: weak })).toContain('ETag "1": ');
    const more = { ...fields, "x-powered-by": "us" };
    expect(await complaint(oneNote(), note, { headers: more })).toContain(
      'x-powered-by "us" is not documented',
    );
  });

  test("if its media type is another", async () => {
    const plain = { ...fields, "content-type": "text/plain" };
    expect(await complaint(oneNote(), note, { headers: plain })).toContain(
      "Media type text/plain is not one of application/json",
    );
    const json = { ...problemFields, "content-type": "application/json" };
    expect(await complaint(oneNote(), problem, { status: 404, headers: json })).toContain(
      "Media type application/json is not one of application/problem+json",
    );
  });

  test("if it has a body where there is none", async () => {
    const head = request("HEAD", "/ready");
    expect(
      await complaint(head, { status: "ready" }, { headers: { "x-request-id": "r1" } }),
    ).toContain("HEAD has a body with 200");
  });

  test("if a problem contradicts the answer around it", async () => {
    const other = { ...problem, status: 409, request_id: "r2" };
    const said = await complaint(oneNote(), other, { status: 404, headers: problemFields });
    expect(said).toContain("status in the problem is not the answer's, 404");
    expect(said).toContain("request_id in the problem is not the answer's, r1");
  });

  test("if an unknown path or method is answered", async () => {
    expect(await complaint(request("GET", "/nothing"), note, { headers: fields })).toContain(
      "Status 200 is not one of 404",
    );
    expect(await complaint(request("PUT", "/notes"), note, { headers: fields })).toContain(
      "Status 200 is not one of 405",
    );
  });

  test("if Allow is not what the path has", async () => {
    const refusal = { ...problem, status: 405, title: "Method Not Allowed" };
    const headers = { ...problemFields, allow: "GET" };
    expect(await complaint(request("PUT", "/notes"), refusal, { status: 405, headers })).toContain(
      "Allow is GET, but the path has GET, HEAD, POST",
    );
  });
});
