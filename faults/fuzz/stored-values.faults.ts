// What is kept is what was sent, in its normal form, and sums are exact.
import { expect, test } from "bun:test";
import { forAll } from "../support/property.ts";
import { bodiesFor, cents, type OrderBody, type UserBody } from "./bodies.ts";
import { operation } from "./operations.ts";
import { sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { spelling } from "./json-spelling.ts";
import { subjects } from "./fixtures.ts";
import { withTargets } from "../support/platform/targets.ts";
import { storedText } from "./valid-values.ts";

const numRuns = amount({ full: 2000, fast: 200 });

const get = (target: string, headers: [string, string][] = []) => ({
  method: "GET",
  target,
  headers,
});

test("the user that was made is the one that is kept, in the normal form of what was sent", async () => {
  await withTargets(async ({ users }) => {
    await forAll(bodiesFor<UserBody>(users, "POST", "/users"), numRuns, async (body) => {
      const made = await users.send(sendingJson("POST", "/users", JSON.stringify(body)));
      const user = JSON.parse(made.body.toString()) as UserBody & { id: string };
      expect(made.status).toBe(201);
      expect(user.name).toBe(storedText(body.name));
      const [local, domain = ""] = body.email.split("@");
      expect(user.email).toBe(`${local}@${domain.toLowerCase()}`);
      const location = made.headers.get("location") ?? "";
      expect(location).toBe(`/users/${user.id}`);
      const kept = await users.send(get(location));
      expect(kept.body.toString()).toBe(made.body.toString());
      expect(kept.headers.get("etag")).toBe(made.headers.get("etag"));
      // Whoever asks for the address in other letters is asking for the same user.
      const found = await users.send(
        get(`/users?email=${encodeURIComponent(user.email.toUpperCase())}`),
      );
      expect(found.body.toString()).toBe(`[${made.body.toString()}]`);
      const again = { ...body, email: user.email.toUpperCase() };
      const taken = await users.send(sendingJson("POST", "/users", JSON.stringify(again)));
      expect(taken.status).toBe(409);
    });
  });
});

test("the order that was placed is the one that is kept, and its sum is exact to the cent", async () => {
  await withTargets(async (targets) => {
    const { orders } = targets;
    const source = await subjects(targets, operation(orders, "POST", "/orders"));
    const { userId } = await source.next();
    await forAll(bodiesFor<OrderBody>(orders, "POST", "/orders"), numRuns, async (body) => {
      const wish = { ...body, user_id: userId.toUpperCase() };
      const made = await orders.send(sendingJson("POST", "/orders", JSON.stringify(wish)));
      expect(made.status).toBe(201);
      const order: unknown = JSON.parse(made.body.toString());
      const items = body.items.map((item) => ({ ...item, sku: storedText(item.sku) }));
      expect(order).toMatchObject({ user_id: userId, items, status: "pending" });
      const sum = items.reduce(
        (sum, { quantity, unit_price }) => sum + BigInt(quantity) * cents(String(unit_price)),
        0n,
      );
      const told = /"total_amount":([^,]+)/.exec(made.body.toString())?.[1] ?? "";
      expect(cents(told)).toBe(sum);
      const kept = await orders.send(get(made.headers.get("location") ?? ""));
      expect(kept.body.toString()).toBe(made.body.toString());
    });
  });
});

test.each(["PUT", "PATCH"] as const)(
  "%s that names nothing to change changes nothing",
  async (method) => {
    await withTargets(async (targets) => {
      const { users } = targets;
      const { id, tag } = await (
        await subjects(targets, operation(users, "GET", "/users/{id}"))
      ).next();
      const before = await users.send(get(`/users/${id}`));
      await forAll(spelling({}, true), numRuns, async (text) => {
        const response = await users.send(sendingJson(method, `/users/${id}`, text));
        expect(response.status).toBe(200);
        expect(response.body.toString()).toBe(before.body.toString());
        const known = await users.send(get(`/users/${id}`, [["If-None-Match", tag]]));
        expect(known.status).toBe(304);
      });
    });
  },
);
