import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { parseQuery } from "../../src/http/query-string.ts";
import { requestObject } from "../../src/schema/request-object.ts";
import { uuid, uuidList } from "../../src/schema/uuid.ts";
import { bodyOf } from "../../testing/running-service.ts";
import { sampleApp, startSample } from "../../testing/sample-service.ts";

const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const known = "known are limit, after, sort, state";

describe("a query", () => {
  test.each([
    ["GET", "/tasks?stat=open", "stat", `Is not known here; ${known}`],
    ["GET", "/tasks?state=open&STATE=open", "STATE", `Is not known here; ${known}`],
    ["HEAD", "/tasks?stat=open", undefined, undefined],
    ["GET", `/tasks/${id}?x`, "x", "Is not known here; no parameter is known"],
    ["DELETE", `/tasks/${id}?force=true`, "force", "Is not known here; no parameter is known"],
    ["GET", "/tasks?__proto__=1", "__proto__", `Is not known here; ${known}`],
    ["GET", "/tasks?constructor=1", "constructor", `Is not known here; ${known}`],
    ["GET", "/tasks?=open", "", `Is not known here; ${known}`],
    ["GET", "/tasks??state=open", "?state", `Is not known here; ${known}`],
    ["GET", "/tasks??state=%6fpen", "?state", `Is not known here; ${known}`],
    ["GET", "/tasks?state%3Dopen", "state=open", `Is not known here; ${known}`],
    ["GET", "/tasks?a+b%2Bc%C3%A9", undefined, undefined],
    ["GET", "/tasks?limit=1&limit=1", "limit", "Must not be repeated"],
    ["GET", "/tasks?state=open&st%61te=open", "state", "Must not be repeated"],
    ["GET", "/tasks?limit=x&limit=1", "limit", "Must not be repeated"],
    ["GET", "/tasks?state", "state", 'Must be one of "open", "done", found ""'],
    ["GET", "/tasks?limit=", "limit", 'Must be a whole number from 1 to 1000, found ""'],
  ])("%s %s is 422", async (method, path, parameter, detail) => {
    await using service = await startSample();
    const response = await service.request(path, { method });
    expect(response.status).toBe(422);
    if (parameter === undefined) return;
    const { errors, detail: whole } = await bodyOf(response);
    expect(errors).toEqual([{ parameter, detail: String(detail) }]);
    expect(whole).toBe("Request does not fit the schema");
  });

  test.each(["/tasks?", "/tasks?&", "/tasks?&&state=open&", "/tasks?st%61te=%6fpen"])(
    "GET %s is 200",
    async (path) => {
      await using service = await startSample();
      expect((await service.request(path)).status).toBe(200);
    },
  );

  test("is decoded as HTML forms encode it", async () => {
    await using service = await startSample();
    const { errors } = await bodyOf(await service.request("/tasks?a+b%2Bc%C3%A9%zz"));
    expect(errors).toEqual([{ parameter: "a b+cé%zz", detail: `Is not known here; ${known}` }]);
  });

  test.each(["/health?x=1", "/ready?x=1&x=2", "/metrics?x=", "/swagger?x", "/swagger/json?x=1"])(
    "GET %s is 200: probes and browsers may add what they like",
    async (path) => {
      await using service = await startSample();
      expect((await service.request(path)).status).toBe(200);
    },
  );

  test("is judged after 404, 405, 400 and 415, and before existence", async () => {
    await using service = await startSample();
    const statusOf = async (path: string, sent = {}) => (await service.request(path, sent)).status;
    const headers = { "content-type": "application/json" };
    expect(await statusOf("/nowhere?x=1")).toBe(404);
    expect(await statusOf("/tasks?x=1", { method: "PUT" })).toBe(405);
    expect(await statusOf("/tasks?x=1", { method: "POST", body: "{", headers })).toBe(400);
    const text = { "content-type": "text/plain" };
    expect(await statusOf("/tasks?x=1", { method: "POST", body: "{}", headers: text })).toBe(415);
    expect(await statusOf(`/tasks/${id}`)).toBe(404);
    expect(await statusOf(`/tasks/${id}?x=1`)).toBe(422);
    // The key is malformed too, which is a 400 by itself.
    const busy = { "idempotency-key": "busy" };
    const sent = { json: { title: "Milk" }, headers: busy };
    expect(await statusOf("/tasks?x=1", sent)).toBe(422);
  });

  test("is reported together with the errors of path, header fields and body", async () => {
    await using service = await startSample();
    const path = "/tasks/5?x=1&y=2&x=3";
    const headers = { "if-match": "none" };
    const response = await service.request(path, { method: "PATCH", json: { title: 5 }, headers });
    expect(response.status).toBe(422);
    const { errors } = await bodyOf(response);
    const places = errors?.map(({ parameter, header, pointer }) => parameter ?? header ?? pointer);
    expect(places).toEqual(["id", "x", "y", "If-Match", "#/title"]);
  });

  test("lists the errors of its values and of its names", async () => {
    await using service = await startSample();
    const { errors } = await bodyOf(await service.request("/tasks?limit=0&after=x&stat=open"));
    expect(errors?.map(({ parameter }) => parameter)).toEqual(["limit", "after", "stat"]);
  });

  test("names a cursor that the service did not make, alone and beside other errors", async () => {
    const app = sampleApp();
    const foreign = Buffer.alloc(64).toString("base64url");
    for (const [query, named] of [
      [`after=${foreign}`, ["after"]],
      [`limit=0&after=${foreign}`, ["limit", "after"]],
      [`stat=open&after=${foreign}`, ["stat", "after"]],
    ] as const) {
      const response = await app.fetch(new Request(`http://service/tasks?${query}`));
      expect(response.status).toBe(422);
      const { errors } = await bodyOf(response);
      expect(errors?.map(({ parameter }) => parameter)).toEqual([...named]);
    }
  });

  test("has its names cut to 100 characters, none of them halved, and at most 1,000 errors", async () => {
    await using service = await startSample();
    const { errors } = await bodyOf(await service.request(`/tasks?${"😀".repeat(150)}=1`));
    expect(errors?.map(({ parameter }) => parameter)).toEqual(["😀".repeat(100)]);
    const many = Array.from({ length: 2000 }, (_, n) => `p${n}`).join("&");
    const all = await bodyOf(await service.request(`/tasks?limit=0&${many}`));
    expect(all.errors).toHaveLength(1000);
  });

  test("with a cursor is 503 while the storage cannot give the key of cursors", async () => {
    const away = () => {
      throw new StorageUnavailable("gone");
    };
    const app = sampleApp({ secret: away });
    const shaped = Buffer.alloc(64).toString("base64url");
    // Beside another error too, which only the error handler looks at.
    for (const query of [`after=${shaped}`, `limit=0&after=${shaped}`]) {
      const response = await app.fetch(new Request(`http://service/tasks?${query}`));
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
    }
    expect((await app.fetch(new Request("http://service/tasks?limit=5"))).status).toBe(200);
  });
});

describe("parseQuery()", () => {
  const schema = requestObject({ text: Type.Optional(Type.String()) });
  const errorsOf = (text: string, of = schema) =>
    parseQuery(text, of, () => new Uint8Array(32)).fieldErrors;

  test("refuses an empty value, also where the schema accepts one", () => {
    for (const text of ["text=", "text"]) {
      expect(errorsOf(text)).toEqual([{ parameter: "text", detail: "Must not be empty" }]);
    }
  });

  test("names the only parameter that a route knows", () => {
    const detail = "Is not known here; known is text";
    expect(errorsOf("test=1")).toEqual([{ parameter: "test", detail }]);
  });

  test("returns the normal form of a value that its schema accepts, and any other as the client sent it", () => {
    const list = Type.Object({ ids: Type.Optional(uuidList), id: Type.Optional(uuid) });
    const query = `ids=${id.toUpperCase()},${id}&id=X`;
    const { values } = parseQuery(query, list, () => new Uint8Array(32));
    expect({ ...values }).toEqual({ ids: id, id: "X" });
  });

  test("returns the decoded values, and a repeated parameter as empty", () => {
    const values = (text: string) => parseQuery(text, schema, () => new Uint8Array(32)).values;
    expect({ ...values("text=a+b%2Bc") }).toEqual({ text: "a b+c" });
    expect({ ...values("text=a&text=a") }).toEqual({ text: "" });
  });
});
