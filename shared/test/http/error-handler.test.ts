import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { startSample } from "../../testing/sample-service.ts";

const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

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
      detail: "No such path",
      instance: "/nowhere",
      request_id: "abc",
    });
  });

  test("the 404 of / says where the API reference is", async () => {
    await using service = await startSample();
    const response = await fetch(`${service.url}/`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      detail: "No such path; the API reference is at /swagger",
      instance: "/",
    });
    expect((await fetch(`${service.url}/swagger`)).status).toBe(200);
  });

  test.each(["/notes/", `/notes/${id}/`, "/NOTES"])(
    "%s is another path than a route's",
    async (path) => {
      await using service = await startSample();
      const response = await fetch(service.url + path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ detail: "No such path" });
    },
  );

  test.each(["PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s on a path without it is 405 with Allow",
    async (method) => {
      await using service = await startSample();
      const response = await service.request(`/notes/${id}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    },
  );

  test("an unknown error goes to the log and not to the client", async () => {
    const find = () => Promise.reject(new Error("secret at /var/lib"));
    await using service = await startSample({ find });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    const line = service.lines.find(({ status }) => status === 500);
    expect(line).toMatchObject({
      level: "error",
      err: { type: "Error", message: "secret at /var/lib", stack: expect.stringContaining("at ") },
    });
  });

  test.each(["busy", "full"] as const)("storage that is %s sheds the request", async (reason) => {
    const find = () => Promise.reject(new StorageUnavailable(reason));
    await using service = await startSample({ find });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    const line = service.lines.find(({ status }) => status === 503);
    expect(line).toMatchObject({ level: "warn" });
    expect(line).not.toHaveProperty("err");
  });

  test("a response that breaks its schema is a 500, logged without its values", async () => {
    await using service = await startSample({ text: "private@example.com is too long" });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(500);
    const line = JSON.stringify(service.lines.at(-1));
    expect(line).toContain("/text");
    expect(line).not.toContain("private");
  });

  test("a long path is not sent back in full", async () => {
    await using service = await startSample();
    const response = await service.request(`/notes/${"x".repeat(5000)}`);
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain("x".repeat(101));
  });
});
