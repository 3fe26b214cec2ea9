import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { createUser, startUserService } from "./user-service.ts";

describe("POST /users", () => {
  test("a user can be fetched as it was created", async () => {
    await using service = await startUserService();
    const created = await service.request("/users", {
      json: { name: "Alice", email: "alice@example.com" },
    });
    expect(created.status).toBe(201);
    const body = await bodyOf<User>(created);
    expect(body).toEqual({
      id: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      name: "Alice",
      email: "alice@example.com",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: body.created_at,
    });
    expect(created.headers.get("location")).toBe(`/users/${body.id}`);

    const found = await service.request(`/users/${body.id}`);
    expect(found.status).toBe(200);
    expect(await found.json()).toEqual(body);
    expect(found.headers.get("etag")).toBe(created.headers.get("etag"));
  });

  test("an e-mail address belongs to one user, in whatever case it is written", async () => {
    await using service = await startUserService();
    await createUser(service);
    for (const email of ["alice@example.com", "ALICE@EXAMPLE.COM", " Alice@Example.com "]) {
      const response = await service.request("/users", { json: { name: "Eve", email } });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ detail: "Email already registered" });
    }
    expect(await (await service.request("/users")).json()).toHaveLength(1);
  });

  test("of many that want one address at once, one gets it", async () => {
    await using service = await startUserService();
    const json = { name: "Alice", email: "alice@example.com" };
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => service.request("/users", { json })),
    );
    const statuses = responses.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  test("text is stored trimmed and normalised, an address with its domain in lower case", async () => {
    await using service = await startUserService();
    const user = await createUser(service, {
      name: "\t Zoe\u0308 \n",
      email: " Zoe.Q@EXAMPLE.Com ",
    });
    expect(user).toMatchObject({ name: "Zo\u00eb", email: "Zoe.Q@example.com" });
  });

  test("unknown fields are ignored and never stored", async () => {
    await using service = await startUserService();
    const user = await createUser(service, {
      name: "Alice",
      email: "alice@example.com",
      id: "mine",
      is_admin: true,
      __proto__: { polluted: true },
    });
    expect(Object.keys(user).sort()).toEqual(["created_at", "email", "id", "name", "updated_at"]);
    expect(user.id).not.toBe("mine");
  });

  test("a name's length is counted in characters, not in bytes or UTF-16 units", async () => {
    await using service = await startUserService();
    const email = (n: number) => `user${n}@example.com`;
    const longest = "😀".repeat(100);
    expect(await createUser(service, { name: longest, email: email(1) })).toMatchObject({
      name: longest,
    });
    // One hundred characters once they are composed.
    const composed = await createUser(service, { name: "e\u0301".repeat(100), email: email(2) });
    expect(composed.name).toBe("\u00e9".repeat(100));
    const tooLong = await service.request("/users", {
      json: { name: `${longest}x`, email: email(3) },
    });
    expect(tooLong.status).toBe(422);
  });

  test.each([
    ["empty", ""],
    ["blank", " \t "],
    ["101 characters", "x".repeat(101)],
    ["a control character inside", "Al\u0000ice"],
    ["a C1 control character at the end", "Alice\u0085"],
    ["a lone surrogate", "Al\ud800ice"],
    ["a number", 5],
    ["null", null],
    ["missing", undefined],
  ])("a name that is %s is refused and says so", async (_, name) => {
    await using service = await startUserService();
    const response = await service.request("/users", { json: { name, email: "a@example.com" } });
    expect(response.status).toBe(422);
    const { errors } = await bodyOf(response);
    expect(errors).toEqual([{ pointer: "#/name", detail: expect.any(String) }]);
  });

  test.each([
    ["plain text", "alice"],
    ["without a dot in its domain", "alice@localhost"],
    ["with two ats", "a@b@example.com"],
    ["with a blank inside", "al ice@example.com"],
    ["with a dash at the end of a label", "alice@example-.com"],
    ["255 characters", `${"a".repeat(243)}@example.com`],
    ["not ASCII", "älice@example.com"],
    ["an object", {}],
    ["missing", undefined],
  ])("an e-mail address that is %s is refused and says so", async (_, email) => {
    await using service = await startUserService();
    const response = await service.request("/users", { json: { name: "Alice", email } });
    expect(response.status).toBe(422);
    const { errors } = await bodyOf(response);
    expect(errors).toEqual([{ pointer: "#/email", detail: expect.any(String) }]);
  });

  test("every fault of a body is told in one answer", async () => {
    await using service = await startUserService();
    const response = await service.request("/users", { json: { name: "", email: "no" } });
    const { errors } = await bodyOf(response);
    expect(errors?.map(({ pointer }) => pointer)).toEqual(["#/name", "#/email"]);
  });

  test.each(["[]", "5", '"x"', "null", "true"])(
    "a body of %s is refused as a whole",
    async (body) => {
      await using service = await startUserService();
      const headers = { "content-type": "application/json" };
      const response = await service.request("/users", { headers, body });
      expect(response.status).toBe(422);
      expect((await bodyOf(response)).errors?.[0]?.pointer).toBe("#");
    },
  );

  test("no body at all is refused as one that does not fit", async () => {
    await using service = await startUserService();
    const response = await service.request("/users", { method: "POST" });
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors?.[0]?.pointer).toBe("#");
  });
});
