import { describe, expect, test } from "bun:test";
import { bodyOf, type Sent } from "@platform/shared/testing/running-service";
import { createUser, userServices } from "./user-service.ts";

const unknownId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const notFound = { status: 404, detail: "User not found" };

describe.each(userServices)("user-service on %s", (_, startUserService) => {
  /** A service with one user, and requests for that user. */
  async function startWithUser() {
    const service = await startUserService();
    const user = await createUser(service);
    const request = (sent?: Sent) => service.request(`/users/${user.id}`, sent);
    const etag = (await request()).headers.get("etag") ?? "";
    return { ...service, service, user, etag, request };
  }

  describe.each(["PUT", "PATCH"])("%s /users/{id}", (method) => {
    test("leaves the user and its ETag as they were if nothing differs", async () => {
      await using alice = await startWithUser();
      for (const json of [{}, { name: alice.user.name }, { unknown: 1 }]) {
        const response = await alice.request({ method, json });
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual(alice.user);
        expect(response.headers.get("etag")).toBe(alice.etag);
      }
    });

    test("refuses another user's address, and accepts the user's own in another case", async () => {
      await using alice = await startWithUser();
      await createUser(alice.service, { name: "Bob", email: "bob@example.com" });
      const taken = await alice.request({ method, json: { email: "BOB@example.com" } });
      expect(await bodyOf(taken)).toMatchObject({
        status: 409,
        detail: "Email already registered",
      });

      const own = await alice.request({ method, json: { email: "ALICE@example.com" } });
      expect(own.status).toBe(200);
      expect(await own.json()).toMatchObject({ email: "ALICE@example.com" });
    });

    test("is 404 for a user that does not exist", async () => {
      await using service = await startUserService();
      const response = await service.request(`/users/${unknownId}`, {
        method,
        json: { name: "A" },
      });
      expect(await bodyOf(response)).toMatchObject(notFound);
    });

    test("refuses a change whose If-Match is outdated, and changes nothing", async () => {
      await using alice = await startWithUser();
      const headers = { "if-match": alice.etag };
      const first = await alice.request({ method, headers, json: { name: "First" } });
      expect(first.status).toBe(200);
      const second = await alice.request({ method, headers, json: { name: "Second" } });
      expect(second.status).toBe(412);
      expect(await (await alice.request()).json()).toMatchObject({ name: "First" });
    });

    test("says the truth about a tag that a proxy has made weak, and accepts the strong one", async () => {
      await using alice = await startWithUser();
      const json = { name: "Alicia" };
      const weak = await alice.request({
        method,
        headers: { "if-match": `W/${alice.etag}` },
        json,
      });
      expect(await bodyOf(weak)).toMatchObject({
        status: 412,
        code: "weak-tag",
        detail: expect.stringContaining("weak tags (W/), which never match"),
      });
      expect(await (await alice.request()).json()).toEqual(alice.user);
      const strong = await alice.request({ method, headers: { "if-match": alice.etag }, json });
      expect(strong.status).toBe(200);
    });

    test("says that the user has changed only where it has", async () => {
      await using alice = await startWithUser();
      const detailOf = async (headers: Record<string, string>) =>
        (await bodyOf(await alice.request({ method, headers, json: { name: "Alicia" } }))).detail;
      expect(await detailOf({ "if-match": '"other"' })).toBe("User has changed");
      expect(await detailOf({ "if-none-match": alice.etag })).toBe(
        "If-None-Match excludes the present state",
      );
    });

    test.each([
      ["*", 412],
      ['"other"', 200],
      ["malformed", 200],
    ])("with If-None-Match: %s is %i", async (known, status) => {
      await using alice = await startWithUser();
      const headers = { "if-none-match": known };
      const response = await alice.request({ method, headers, json: { name: "Alicia" } });
      expect(response.status).toBe(status);
    });

    test("reports the validation errors of path, header and body in one response", async () => {
      await using service = await startUserService();
      const headers = { "if-match": "unquoted" };
      const json = { name: "", email: 1 };
      const response = await service.request("/users/no-uuid", { method, headers, json });
      expect(response.status).toBe(422);
      expect((await bodyOf(response)).errors).toEqual([
        { parameter: "id", detail: expect.any(String) },
        { header: "If-Match", detail: expect.any(String) },
        { pointer: "#/name", detail: expect.any(String) },
        { pointer: "#/email", detail: expect.any(String) },
      ]);
    });
  });

  test("PATCH /users/{id} gives a new ETag within one millisecond, and after the clock was set back", async () => {
    let time = 1_800_000_000_000;
    await using service = await startUserService({ now: () => time });
    const { id } = await createUser(service);
    const tags = new Set<string | null>();
    for (const [name, step] of Object.entries({ A: 0, B: 0, C: -60_000 })) {
      time += step;
      const response = await service.request(`/users/${id}`, { method: "PATCH", json: { name } });
      tags.add(response.headers.get("etag"));
    }
    expect(tags.size).toBe(3);
  });

  describe("DELETE /users/{id}", () => {
    const method = "DELETE";

    test("deletes the user, and frees its address", async () => {
      await using alice = await startWithUser();
      const deleted = await alice.request({ method });
      expect(deleted.status).toBe(204);
      expect(await deleted.text()).toBe("");
      for (const again of ["GET", "DELETE"]) {
        expect(await bodyOf(await alice.request({ method: again }))).toMatchObject(notFound);
      }
      await createUser(alice.service);
    });

    test("ignores a body of whatever size and type", async () => {
      await using alice = await startWithUser();
      expect((await alice.request({ method, body: "x".repeat(2_000_000) })).status).toBe(204);
    });

    test("keeps a user that has changed since", async () => {
      await using alice = await startWithUser();
      expect((await alice.request({ method, headers: { "if-match": '"other"' } })).status).toBe(
        412,
      );
      expect((await alice.request()).status).toBe(200);
    });
  });

  describe("GET /users/{id}", () => {
    test("is 304 without a body for a client that has the present state", async () => {
      await using alice = await startWithUser();
      for (const known of [alice.etag, `W/${alice.etag}`, `"other", ${alice.etag}`, "*"]) {
        const response = await alice.request({ headers: { "if-none-match": known } });
        expect(response.status).toBe(304);
        expect(response.headers.get("etag")).toBe(alice.etag);
        expect(await response.text()).toBe("");
      }
      for (const unknown of ['"other"', "malformed", ""]) {
        expect((await alice.request({ headers: { "if-none-match": unknown } })).status).toBe(200);
      }
    });

    test("accepts an id in upper case, and in no other spelling", async () => {
      await using alice = await startWithUser();
      const { id } = alice.user;
      const found = await alice.service.request(`/users/${id.toUpperCase()}`);
      expect(await found.json()).toEqual(alice.user);
      for (const other of ["123", id.replaceAll("-", ""), `urn:uuid:${id}`, `${id}x`, "%zz"]) {
        const { status, errors } = await bodyOf(await alice.service.request(`/users/${other}`));
        expect(status).toBe(422);
        expect(errors).toEqual([{ parameter: "id", detail: expect.any(String) }]);
      }
    });

    test("shows an id with a wrong percent sign as the client sent it", async () => {
      await using alice = await startWithUser();
      for (const id of ["%zz", "%E0%A4", "a%"]) {
        const { errors } = await bodyOf(await alice.service.request(`/users/${id}?x=1`));
        expect(errors).toContainEqual({
          parameter: "id",
          detail: expect.stringMatching(new RegExp(`, found "${id}"$`)),
        });
      }
    });

    test("has the same header fields for HEAD, without a body", async () => {
      await using alice = await startWithUser();
      const get = await alice.request();
      const head = await alice.request({ method: "HEAD" });
      expect(head.status).toBe(200);
      expect(await head.text()).toBe("");
      for (const field of ["etag", "content-type", "content-length"]) {
        expect(head.headers.get(field)).toBe(get.headers.get(field));
      }
    });
  });
});
