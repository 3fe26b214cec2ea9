import { describe, expect, test } from "bun:test";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import { pageAt, pagesFrom } from "@platform/shared/testing/pages";
import type { userList } from "../src/app.ts";
import type { User } from "../src/users/user.ts";
import { createUser, startUserService } from "./user-service.ts";

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
    expect((await page(service, `/users?ids=${ids}&email=USER1@example.com`)).names).toEqual(["B"]);
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

  test("keeps the limit in the link to the next page, and drops unknown parameters", async () => {
    await using service = await startUserService();
    await createAll(service, ["A", "B", "C"]);
    const { next } = await page(service, "/users?limit=1&unknown=1");
    const query = new URLSearchParams(next?.split("?")[1]);
    expect(query.get("limit")).toBe("1");
    expect([...query.keys()]).toEqual(["limit", "after"]);
  });

  // A filter that is added to the query needs a line here, or this file has a type error.
  type Filter = Exclude<keyof typeof userList.static, "limit" | "after">;
  const filters: Record<Filter, (users: readonly User[]) => { value: string; names: string[] }> = {
    email: ([, b]) => ({ value: b?.email ?? "", names: ["B"] }),
    ids: ([a, , c]) => ({ value: `${a?.id},${c?.id}`, names: ["A", "C"] }),
  };

  test.each(Object.entries(filters))("filters by %s on every page", async (filter, select) => {
    await using service = await startUserService();
    await createAll(service, ["A", "B", "C"]);
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
    for (const email of ["bob@example.com", "", "no address", "%00", "alice"]) {
      expect((await page(service, `/users?email=${email}`)).users).toEqual([]);
    }
  });

  test("uses the last of a repeated parameter", async () => {
    await using service = await startUserService();
    await createAll(service, ["A", "B", "C"]);
    expect((await page(service, "/users?limit=x&limit=3&limit=1")).names).toEqual(["A"]);
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
