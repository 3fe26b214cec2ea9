import { describe, expect, test } from "bun:test";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import { pageAt, pagesFrom } from "@platform/shared/testing/pages";
import type { userList } from "../src/app.ts";
import type { User } from "../src/users/user.ts";
import { createUser, userServices } from "./user-service.ts";

/** The users of a page, their names, and the path of the next page. */
async function page(service: RunningService, path: string) {
  const { items: users, next } = await pageAt<User>(service, path);
  return { names: users.map(({ name }) => name), users, next };
}

async function createAll(service: RunningService, names: readonly string[]) {
  await Promise.all(
    names.map((name, n) => createUser(service, { name, email: `user${n}@example.com` })),
  );
}

describe.each(userServices)("user-service on %s", (_, startUserService) => {
  describe("GET /users?ids=", () => {
    const unknown = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

    test("returns the users that exist, each once, whatever the case of its id", async () => {
      await using service = await startUserService();
      await createAll(service, ["C", "A", "B"]);
      const { users } = await page(service, "/users");
      const [a, , c] = users.map(({ id }) => id);
      const asked = `/users?ids=${c},${unknown},${a?.toUpperCase()},${c}`;
      expect((await page(service, asked)).names).toEqual(["A", "C"]);
      expect((await page(service, `/users?ids=${unknown}`)).names).toEqual([]);
    });

    test("combines with the other parameters", async () => {
      await using service = await startUserService();
      await createAll(service, ["A", "B", "C"]);
      const { users } = await page(service, "/users");
      const ids = users.map(({ id }) => id).join(",");
      const first = await page(service, `/users?limit=2&ids=${ids}`);
      expect(first.names).toEqual(["A", "B"]);
      expect((await page(service, first.next ?? "")).names).toEqual(["C"]);
      expect((await page(service, `/users?ids=${ids}&email=USER1@example.com`)).names).toEqual([
        "B",
      ]);
    });

    test("accepts up to a hundred ids, and nothing but ids", async () => {
      await using service = await startUserService();
      const many = (count: number) => `/users?ids=${Array(count).fill(unknown).join(",")}`;
      expect((await service.request(many(100))).status).toBe(200);
      for (const path of [many(101), "/users?ids=", "/users?ids=1", `/users?ids=${unknown},`]) {
        const refused = await bodyOf(await service.request(path));
        expect(refused).toMatchObject({ status: 422, errors: [{ parameter: "ids" }] });
      }
    });
  });

  describe("GET /users", () => {
    test("is an empty list without users", async () => {
      await using service = await startUserService();
      expect(await page(service, "/users")).toEqual({ names: [], users: [], next: undefined });
    });

    test("returns users by name in code point order", async () => {
      await using service = await startUserService();
      await createAll(service, ["Zoë", "adam", "Bob", "😀", "\uffee", "Alice"]);
      const { names } = await page(service, "/users");
      expect(names).toEqual(["Alice", "Bob", "Zoë", "adam", "\uffee", "😀"]);
    });

    test("returns every user once, page by page, also for equal names", async () => {
      await using service = await startUserService();
      await createAll(service, ["C", "A", "B", "B", "B", "D", "B"]);
      const pages = await pagesFrom<User>(service, "/users?limit=2");
      expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 2, 1]);
      const users = pages.flatMap(({ items }) => items);
      expect(users.map(({ name }) => name)).toEqual(["A", "B", "B", "B", "B", "C", "D"]);
      expect(new Set(users.map(({ id }) => id)).size).toBe(7);
    });

    test("returns a user once, whatever is inserted between two pages", async () => {
      await using service = await startUserService();
      await createAll(service, ["B", "D", "F"]);
      const first = await page(service, "/users?limit=2");
      await createUser(service, { name: "A", email: "early@example.com" });
      await createUser(service, { name: "E", email: "late@example.com" });
      const second = await page(service, first.next ?? "");
      expect([...first.names, ...second.names]).toEqual(["B", "D", "E", "F"]);
    });

    test("keeps the limit in the link to the next page", async () => {
      await using service = await startUserService();
      await createAll(service, ["A", "B", "C"]);
      const { next } = await page(service, "/users?limit=1");
      const query = new URLSearchParams(next?.split("?")[1]);
      expect(query.get("limit")).toBe("1");
      expect([...query.keys()]).toEqual(["limit", "after"]);
    });

    // A filter that is added to the query needs a line here, or this file has a type error.
    type Filter = Exclude<keyof typeof userList.static, "limit" | "after">;
    const filters: Record<Filter, (users: readonly User[]) => { value: string; names: string[] }> =
      {
        email: ([, b]) => ({ value: b?.email ?? "", names: ["B"] }),
        ids: ([a, , c]) => ({ value: `${a?.id},${c?.id}`, names: ["A", "C"] }),
        sort: () => ({ value: "-name", names: ["C", "B", "A"] }),
        created_after: ([a]) => ({ value: a?.created_at ?? "", names: ["B", "C"] }),
        created_before: ([, , c]) => ({ value: c?.created_at ?? "", names: ["A", "B"] }),
      };

    test.each(Object.entries(filters))("filters by %s on every page", async (filter, select) => {
      let time = 1_800_000_000_000;
      await using service = await startUserService({ now: () => (time += 1000) });
      for (const name of ["A", "B", "C"]) {
        await createUser(service, { name, email: `${name}@example.com` });
      }
      const { value, names } = select((await page(service, "/users")).users);
      const pages = await pagesFrom<User>(service, `/users?limit=1&${filter}=${value}`);
      expect(pages.flatMap(({ items }) => items).map(({ name }) => name)).toEqual(names);
      for (const { next } of pages.slice(0, -1)) expect(next).toContain(`${filter}=`);
    });

    test("has no link to a next page if the last user is on this one", async () => {
      await using service = await startUserService();
      await createAll(service, ["A", "B"]);
      expect((await page(service, "/users?limit=2")).next).toBeUndefined();
    });

    test("ignores case where it filters by e-mail address, as uniqueness does", async () => {
      await using service = await startUserService();
      const user = await createUser(service);
      for (const email of ["alice@example.com", "ALICE@Example.COM"]) {
        const { users } = await page(service, `/users?email=${encodeURIComponent(email)}`);
        expect(users).toEqual([user]);
      }
      expect((await page(service, "/users?email=bob@example.com")).users).toEqual([]);
      expect((await page(service, "/users?email=%20alice@EXAMPLE.com%20")).users).toEqual([user]);
    });

    // "+" is a space in a query: an address with a plus has to be sent with %2B.
    test.each(["", "no address", "%00", "alice", "a+b@example.com", "a@localhost"])(
      "refuses the address %p instead of finding nothing",
      async (email) => {
        await using service = await startUserService();
        const refused = await bodyOf(await service.request(`/users?email=${email}`));
        const detail = expect.stringMatching(/^Must be an e-mail address/);
        expect(refused).toMatchObject({ status: 422, errors: [{ parameter: "email", detail }] });
      },
    );

    test("returns users in each order, and the exact reverse of it", async () => {
      await using service = await startUserService();
      for (const [n, name] of ["B", "C", "A", "B"].entries()) {
        await createUser(service, { name, email: `user${n}@example.com` });
      }
      const emails = async (query: string) =>
        (await pagesFrom<User>(service, `/users?limit=1${query}`)).flatMap(({ items }) =>
          items.map(({ email }) => email.slice(4, 5)),
        );
      expect(await emails("")).toEqual(["2", "0", "3", "1"]);
      expect(await emails("&sort=name")).toEqual(["2", "0", "3", "1"]);
      expect(await emails("&sort=-name")).toEqual(["1", "3", "0", "2"]);
      expect(await emails("&sort=created_at")).toEqual(["0", "1", "2", "3"]);
      expect(await emails("&sort=-created_at")).toEqual(["3", "2", "1", "0"]);
    });

    test("compares times exactly, whatever their offset and their number of digits", async () => {
      const time = Date.parse("2026-01-31T12:00:00.500Z");
      await using service = await startUserService({ now: () => time });
      await createUser(service);
      const count = async (query: string) => (await page(service, `/users?${query}`)).users.length;
      for (const sort of ["name", "created_at"]) {
        const found = (name: string, value: string) => count(`sort=${sort}&${name}=${value}`);
        expect(await found("created_after", "2026-01-31T12:00:00.5Z")).toBe(0);
        expect(await found("created_after", "2026-01-31T12:00:00.4999999Z")).toBe(1);
        expect(await found("created_after", "2026-01-31T12:00:00.50000000000000000001Z")).toBe(0);
        expect(await found("created_before", "2026-01-31T12:00:00.5Z")).toBe(0);
        expect(await found("created_before", "2026-01-31T12:00:00.50000000000000000001Z")).toBe(1);
        expect(await found("created_before", "2026-01-31T14:00:00.5%2B02:00")).toBe(0);
        expect(await found("created_before", "2026-01-31T14:00:00.501%2B02:00")).toBe(1);
        expect(await found("created_after", "2026-01-31T06:30:00-05:29")).toBe(1);
        const empty = "created_after=2026-02-01T00:00:00Z&created_before=2026-01-01T00:00:00Z";
        expect(await count(`sort=${sort}&${empty}`)).toBe(0);
      }
    });

    test.each(["2026-02-30T00:00:00Z", "2026-01-31T12:00:00+02:00", "2026-01-31", "yesterday", ""])(
      "refuses the time %p",
      async (time) => {
        await using service = await startUserService();
        const query = `created_after=${time}&created_before=${time}`;
        const { status, errors } = await bodyOf(await service.request(`/users?${query}`));
        const detail = expect.stringMatching(/^Must be an RFC 3339 time such as/);
        expect(status).toBe(422);
        expect(errors).toEqual([
          { parameter: "created_after", detail },
          { parameter: "created_before", detail },
        ]);
      },
    );

    test("shows no name and no address in the link to the next page", async () => {
      await using service = await startUserService();
      await createAll(service, ["Alexandrina", "Bartholomew"]);
      const { next = "" } = await page(service, "/users?limit=1");
      for (const [, word = ""] of next.matchAll(/([A-Za-z0-9_-]{8,})/g)) {
        for (const encoding of ["base64url", "hex"] as const) {
          expect(Buffer.from(word, encoding).toString("latin1")).not.toContain("Alexandrina");
        }
      }
      // At most one user has an address, so a list with that filter never has a next page.
      expect((await page(service, "/users?limit=1&email=user0@example.com")).next).toBeUndefined();
    });

    test.each(["name", "-name", "created_at", "-created_at"])(
      "returns every user once by %s, although the last one of a page is renamed or deleted",
      async (sort) => {
        await using service = await startUserService();
        await createAll(service, ["A", "B", "C", "D", "E", "F"]);
        const seen: string[] = [];
        let path: string | undefined = `/users?limit=2&sort=${sort}`;
        for (let n = 0; path !== undefined; n += 1) {
          const { users, next }: Awaited<ReturnType<typeof page>> = await page(service, path);
          seen.push(...users.map(({ id }) => id));
          const last = `/users/${users.at(-1)?.id}`;
          // A name by which the user would have been on the page that was read.
          const name = sort === "-name" ? "Z" : "0";
          const change = n === 0 ? { method: "PATCH", json: { name } } : { method: "DELETE" };
          await service.request(last, change);
          path = next;
        }
        expect(new Set(seen).size).toBe(6);
        expect(seen).toHaveLength(6);
      },
    );

    test("accepts a cursor for its sort, and for no other", async () => {
      await using service = await startUserService();
      await createAll(service, ["A", "B"]);
      const { next = "" } = await page(service, "/users?limit=1&sort=-name");
      expect((await page(service, next)).names).toEqual(["A"]);
      for (const other of ["name", "created_at", "-created_at"]) {
        const path = next.replace("sort=-name", `sort=${other}`);
        const { status, errors } = await bodyOf(await service.request(path));
        expect(status).toBe(422);
        expect(errors).toEqual([{ parameter: "after", detail: expect.any(String) }]);
      }
    });

    const refused = ["0", "1001", "-1", "1.5", "1e2", "0x10", "abc", "", "%2010"];
    test.each(refused)("refuses a limit of %p", async (limit) => {
      await using service = await startUserService();
      const { status, errors } = await bodyOf(await service.request(`/users?limit=${limit}`));
      expect(status).toBe(422);
      expect(errors).toEqual([{ parameter: "limit", detail: expect.any(String) }]);
    });

    test("refuses a cursor that it did not make", async () => {
      await using service = await startUserService();
      await createAll(service, ["A", "B"]);
      const { next = "" } = await page(service, "/users?limit=1");
      const ours = new URLSearchParams(next.split("?")[1]).get("after") ?? "";
      const flipped = (ours.startsWith("A") ? "B" : "A") + ours.slice(1);
      for (const after of ["", "x", flipped, `${ours}x`, `${ours}=`, ours.slice(0, -2), "%00"]) {
        const { status, errors } = await bodyOf(await service.request(`/users?after=${after}`));
        expect(status).toBe(422);
        expect(errors).toEqual([{ parameter: "after", detail: expect.any(String) }]);
      }
    });
  });
});
