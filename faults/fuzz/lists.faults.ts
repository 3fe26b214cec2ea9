// Lists are the same for every page size, and filters leave out exactly the other items.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { createUser, newOrder, type Order, type User } from "../support/platform/resources.ts";
import { test, type Target } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import { getting, sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";

const count = amount({ full: 300, fast: 60 });
const numRuns = amount({ full: 300, fast: 40 });

/** Reads all items of a list. Expects that every page but the last is full. */
async function readAll<T>({ send }: Target, path: string, query: Record<string, string>) {
  const items: T[] = [];
  let target: string | undefined = `${path}?${new URLSearchParams(query).toString()}`;
  while (target !== undefined) {
    const response = await send(getting(target));
    expect(response.status).toBe(200);
    const page = JSON.parse(response.body.toString()) as T[];
    items.push(...page);
    const link = response.headers.get("link");
    target = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
    if (link !== null) expect(page).toHaveLength(Number(query["limit"] ?? 100));
  }
  return items;
}

function inOrder(one: string, other: string): number {
  // UTF-8 bytes sort like code points; the UTF-16 units of a JavaScript string do not.
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const limits = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: count + 2 }));

test("GET /users lists each user once, in any order, of any time, in pages of any size", async (users) => {
  const letters = fc.constantFrom("a", "B", "é", "\uff5e", "😀", "%", '"', " ", "a");
  const names = fc
    .array(letters, { minLength: 1, maxLength: 3 })
    .map((parts) => `n${parts.join("")}n`);
  const created: User[] = [];
  for (const [n, name] of fc.sample(names, count).entries()) {
    const body = JSON.stringify({ name, email: `Listed${n}@example.com` });
    const response = await users.send(sendingJson("POST", "/users", body));
    created.push(JSON.parse(response.body.toString()) as User);
  }
  created.sort((one, other) => inOrder(one.name, other.name) || inOrder(one.id, other.id));
  await forAll(limits, numRuns, async (limit) => {
    expect(await readAll<User>(users, "/users", { limit: String(limit) })).toEqual(created);
  });
  expect(await readAll<User>(users, "/users", {})).toEqual(created);
  await forAll(fc.tuple(fc.constantFrom(...created), fc.nat()), numRuns, async ([user, bits]) => {
    const letters = Array.from(user.email, (letter, n) =>
      (bits >> (n % 31)) & 1 ? letter.toUpperCase() : letter.toLowerCase(),
    );
    expect(await readAll<User>(users, "/users", { email: letters.join("") })).toEqual([user]);
  });
});

test("GET /orders lists each order once, in either order, in pages of any size, with any filter", async (users, orders) => {
  const states = ["pending", "confirmed", "cancelled"];
  const owners = [await createUser(users.running, 1), await createUser(users.running, 2)];
  const created: Order[] = [];
  for (let n = 0; n < count; n += 1) {
    const order = newOrder(owners[n % 2] ?? "", n);
    const placed = await orders.send(sendingJson("POST", "/orders", JSON.stringify(order)));
    const target = placed.headers.get("location") ?? "";
    const change = JSON.stringify({ status: states[n % 3] });
    const changed = await orders.send(sendingJson("PATCH", target, change));
    created.push(JSON.parse(changed.body.toString()) as Order);
  }
  const filters = fc.record(
    {
      user_id: fc.constantFrom(...owners, crypto.randomUUID()).map((id) => id.toUpperCase()),
      status: fc.constantFrom(...states, "shipped"),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  await forAll(fc.tuple(limits, filters), numRuns, async ([limit, filter]) => {
    const expected = created.filter(
      ({ user_id, status }) =>
        (filter.user_id === undefined || user_id === filter.user_id.toLowerCase()) &&
        (filter.status === undefined || status === filter.status),
    );
    const query = { limit: String(limit), ...filter };
    expect(await readAll<Order>(orders, "/orders", query)).toEqual(expected);
  });
});
