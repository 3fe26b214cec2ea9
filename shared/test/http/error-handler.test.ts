import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { startSample } from "../../testing/sample-service.ts";

const note = "/notes/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

/** The response of a new service to `GET /notes/{id}`, which calls `find`, and its log line. */
async function getNote(find: () => Promise<string>) {
  await using service = await startSample({ find });
  const response = await service.request(note);
  return { response, text: await response.text(), line: service.lines.at(-1) };
}

describe("errorHandler()", () => {
  test("an unknown path is a 404 problem that names the request", async () => {
    await using service = await startSample();
    const response = await service.request("/nowhere", { headers: { "x-request-id": "abc" } });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      type: "about:blank",
      title: "Not Found",
      status: 404,
      code: "not-found",
      detail: "No such path",
      instance: "/nowhere",
      request_id: "abc",
    });
  });

  test("the 404 of / says where the API reference is", async () => {
    await using service = await startSample();
    const response = await fetch(`${service.url}/`);
    expect(response.status).toBe(404);
    const detail = "No such path; the API reference is at /swagger";
    expect(await response.json()).toMatchObject({ detail, instance: "/" });
    expect((await fetch(`${service.url}/swagger`)).status).toBe(200);
  });

  test.each(["/notes/", `${note}/`, "/NOTES"])("%s is no route's path", async (path) => {
    await using service = await startSample();
    const response = await fetch(service.url + path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "No such path" });
  });

  test.each(["PUT", "PATCH", "DELETE", "OPTIONS"])("%s is 405 with Allow", async (method) => {
    await using service = await startSample();
    const response = await service.request(note, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  test("an unknown error goes to the log and not to the client", async () => {
    const find = () => Promise.reject(new Error("secret at /var/lib"));
    const { response, text, line } = await getNote(find);
    expect(response.status).toBe(500);
    expect(text).not.toContain("secret");
    expect(line).toMatchObject({
      level: "error",
      status: 500,
      err: { type: "Error", message: "secret at /var/lib", stack: expect.stringContaining("at ") },
    });
  });

  test.each(["busy", "full"] as const)("storage that is %s sheds the request", async (reason) => {
    const find = () => Promise.reject(new StorageUnavailable(reason));
    const { response, line } = await getNote(find);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(line).toMatchObject({ level: "warn", status: 503 });
    expect(line).not.toHaveProperty("err");
  });

  test("a response that breaks its schema is a 500, logged without its values", async () => {
    const find = () => Promise.resolve("private@example.com is too long");
    const { response, line } = await getNote(find);
    expect(response.status).toBe(500);
    expect(JSON.stringify(line)).toContain("/text");
    expect(JSON.stringify(line)).not.toContain("private");
  });

  test("a long path is not sent back in full", async () => {
    await using service = await startSample();
    const response = await service.request(`/notes/${"x".repeat(5000)}`);
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain("x".repeat(101));
  });
});
