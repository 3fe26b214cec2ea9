import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { createUser, userServices } from "./user-service.ts";

const alice = { name: "Alice", email: "alice@example.com" };

describe.each(userServices)("user-service on %s", (_, startUserService) => {
  describe("POST /users", () => {
    test("stores a user, which can be fetched as it was created", async () => {
      await using service = await startUserService();
      const created = await service.request("/users", { json: alice });
      expect(created.status).toBe(201);
      const body = await bodyOf<User>(created);
      expect(body).toEqual({
        id: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
        ...alice,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: body.created_at,
      });
      expect(created.headers.get("location")).toBe(`/users/${body.id}`);

      const found = await service.request(`/users/${body.id}`);
      expect(found.status).toBe(200);
      expect(await found.json()).toEqual(body);
      expect(found.headers.get("etag")).toBe(created.headers.get("etag"));
    });

    test("refuses an e-mail address that another user has, in whatever case", async () => {
      await using service = await startUserService();
      await createUser(service);
      for (const email of ["alice@example.com", "ALICE@EXAMPLE.COM", " Alice@Example.com "]) {
        const refused = await bodyOf(
          await service.request("/users", { json: { name: "Eve", email } }),
        );
        expect(refused).toMatchObject({ status: 409, detail: "Email already registered" });
      }
      expect(await (await service.request("/users")).json()).toHaveLength(1);
    });

    test("stores one user for many requests at once with one address", async () => {
      await using service = await startUserService();
      const responses = await Promise.all(
        Array.from({ length: 20 }, () => service.request("/users", { json: alice })),
      );
      const statuses = responses.map(({ status }) => status).sort((a, b) => a - b);
      expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
    });

    test("stores text trimmed and normalised, and an address with its domain in lower case", async () => {
      await using service = await startUserService();
      const zoe = { name: "\t Zoe\u0308 \n", email: " Zoe.Q@EXAMPLE.Com " };
      const user = await createUser(service, zoe);
      expect(user).toMatchObject({ name: "Zo\u00eb", email: "Zoe.Q@example.com" });
    });

    test("ignores unknown fields, and stores none", async () => {
      await using service = await startUserService();
      const unknown = { id: "mine", is_admin: true, ["__proto__"]: { polluted: true } };
      const user = await createUser(service, { ...alice, ...unknown });
      expect(Object.keys(user).sort()).toEqual(["created_at", "email", "id", "name", "updated_at"]);
      expect(user.id).not.toBe("mine");
    });

    test("counts a name's length in characters, not in bytes or UTF-16 units", async () => {
      await using service = await startUserService();
      const email = (n: number) => `user${n}@example.com`;
      const longest = "😀".repeat(100);
      const emoji = await createUser(service, { name: longest, email: email(1) });
      expect(emoji.name).toBe(longest);
      // One hundred characters once they are composed.
      const composed = await createUser(service, { name: "e\u0301".repeat(100), email: email(2) });
      expect(composed.name).toBe("\u00e9".repeat(100));
      const tooLong = { name: `${longest}x`, email: email(3) };
      expect((await service.request("/users", { json: tooLong })).status).toBe(422);
    });

    test.each([
      ["name", "empty", ""],
      ["name", "blank", " \t "],
      ["name", "101 characters", "x".repeat(101)],
      ["name", "a control character inside", "Al\u0000ice"],
      ["name", "a C1 control character at the end", "Alice\u0085"],
      ["name", "a lone surrogate", "Al\ud800ice"],
      ["name", "a number", 5],
      ["name", "null", null],
      ["name", "missing", undefined],
      ["email", "plain text", "alice"],
      ["email", "without a dot in its domain", "alice@localhost"],
      ["email", "with two ats", "a@b@example.com"],
      ["email", "with a blank inside", "al ice@example.com"],
      ["email", "with a dash at the end of a label", "alice@example-.com"],
      ["email", "255 characters", `${"a".repeat(243)}@example.com`],
      ["email", "not ASCII", "älice@example.com"],
      ["email", "an object", {}],
      ["email", "missing", undefined],
    ])("rejects a user whose %s is %s, and points to it", async (member, _, value) => {
      await using service = await startUserService();
      const json = { ...alice, [member]: value };
      const { status, errors } = await bodyOf(await service.request("/users", { json }));
      expect(status).toBe(422);
      expect(errors).toEqual([{ pointer: `#/${member}`, detail: expect.any(String) }]);
    });

    test("reports every validation error of a body in one response", async () => {
      await using service = await startUserService();
      const response = await service.request("/users", { json: { name: "", email: "no" } });
      const { errors } = await bodyOf(response);
      expect(errors?.map(({ pointer }) => pointer)).toEqual(["#/name", "#/email"]);
    });

    const headers = { "content-type": "application/json" };
    test.each([
      ...["[]", "5", '"x"', "null", "true"].map((body) => ({ headers, body })),
      { method: "POST" },
    ])("rejects what is no object as a whole: %j", async (sent) => {
      await using service = await startUserService();
      const { status, errors } = await bodyOf(await service.request("/users", sent));
      expect(status).toBe(422);
      expect(errors?.[0]?.pointer).toBe("#");
    });
  });
});
