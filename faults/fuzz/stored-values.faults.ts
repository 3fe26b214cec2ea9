// The services store what clients send, in its normal form, and calculate exact sums.
import { expect } from "bun:test";
import type { User } from "../support/platform/resources.ts";
import { test } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import { getting, sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { bodiesFor, cents, type OrderBody, type UserBody } from "./bodies.ts";
import { fixtures } from "./fixtures.ts";
import { spelling } from "./json-spelling.ts";
import { operation } from "./operations.ts";
import { storedText } from "./valid-values.ts";

const numRuns = amount({ full: 2000, fast: 200 });

test("POST /users stores the user in its normal form", async (users) => {
  await forAll(bodiesFor<UserBody>(users, "POST", "/users"), numRuns, async (body) => {
    const created = await users.send(sendingJson("POST", "/users", JSON.stringify(body)));
    const user = JSON.parse(created.body.toString()) as User;
    expect(created.status).toBe(201);
    expect(user.name).toBe(storedText(body.name));
    const [local, domain = ""] = body.email.split("@");
    expect(user.email).toBe(`${local}@${domain.toLowerCase()}`);
    const location = created.headers.get("location") ?? "";
    expect(location).toBe(`/users/${user.id}`);
    const stored = await users.send(getting(location));
    expect(stored.body.toString()).toBe(created.body.toString());
    expect(stored.headers.get("etag")).toBe(created.headers.get("etag"));
    // Addresses are compared without regard to case.
    const found = await users.send(
      getting(`/users?email=${encodeURIComponent(user.email.toUpperCase())}`),
    );
    expect(found.body.toString()).toBe(`[${created.body.toString()}]`);
    const again = { ...body, email: user.email.toUpperCase() };
    const taken = await users.send(sendingJson("POST", "/users", JSON.stringify(again)));
    expect(taken.status).toBe(409);
  });
});

test("POST /orders stores the order, and its total is exact to the cent", async (users, orders) => {
  const source = await fixtures(users, orders, operation(orders, "POST", "/orders"));
  const { userId } = await source.next();
  await forAll(bodiesFor<OrderBody>(orders, "POST", "/orders"), numRuns, async (body) => {
    const sent = { ...body, user_id: userId.toUpperCase() };
    const created = await orders.send(sendingJson("POST", "/orders", JSON.stringify(sent)));
    expect(created.status).toBe(201);
    const order: unknown = JSON.parse(created.body.toString());
    const items = body.items.map((item) => ({ ...item, sku: storedText(item.sku) }));
    expect(order).toMatchObject({ user_id: userId, items, status: "pending" });
    const sum = items.reduce(
      (sum, { quantity, unit_price }) => sum + BigInt(quantity) * cents(String(unit_price)),
      0n,
    );
    const total = /"total_amount":([^,]+)/.exec(created.body.toString())?.[1] ?? "";
    expect(cents(total)).toBe(sum);
    const stored = await orders.send(getting(created.headers.get("location") ?? ""));
    expect(stored.body.toString()).toBe(created.body.toString());
  });
});

test.each([["PUT"], ["PATCH"]])(
  "%s /users/{id} without a known member changes nothing",
  async (method, users, orders) => {
    const { id, tag } = await (
      await fixtures(users, orders, operation(users, "GET", "/users/{id}"))
    ).next();
    const before = await users.send(getting(`/users/${id}`));
    await forAll(spelling({}, true), numRuns, async (text) => {
      const response = await users.send(sendingJson(method, `/users/${id}`, text));
      expect(response.status).toBe(200);
      expect(response.body.toString()).toBe(before.body.toString());
      const unchanged = await users.send(getting(`/users/${id}`, ["If-None-Match", tag]));
      expect(unchanged.status).toBe(304);
    });
  },
);
