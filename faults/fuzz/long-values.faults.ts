// Errors never repeat a long value that a client sent.
import { describe, expect } from "bun:test";
import * as fc from "fast-check";
import { test } from "../support/platform/targets.ts";
import { problemOf } from "../support/problem-rules.ts";
import { forAll } from "../support/property.ts";
import { getting, sendingJson, type RawRequest } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";

const numRuns = amount({ full: 200, fast: 20 });

describe("an error response does not repeat a long value", () => {
  const long = fc.stringMatching(/^[a-z]{101,3000}$/);
  const id = crypto.randomUUID();
  const json = (method: string, target: string, body: unknown) =>
    sendingJson(method, target, typeof body === "string" ? body : JSON.stringify(body));
  const putUser = (body: unknown) => json("PUT", `/users/${id}`, body);
  const postOrder = (part: object, ...headers: [string, string][]) => {
    const items = [{ sku: "a", quantity: 1, unit_price: 1, ...part }];
    const request = json("POST", "/orders", { user_id: id, items });
    return { ...request, headers: [...(request.headers ?? []), ...headers] };
  };
  test.each<[string, "users" | "orders", (value: string) => RawRequest]>([
    ["in a name", "users", (value) => putUser({ name: value })],
    ["in an e-mail address", "users", (value) => putUser({ email: value })],
    ["as a body", "users", (value) => json("POST", "/users", JSON.stringify(value))],
    ["as a member name", "users", (value) => json("POST", "/users", { [value]: 1 })],
    ["after the body", "users", (value) => json("POST", "/users", `{}${value}`)],
    ["in an id", "orders", (value) => json("POST", "/orders", { user_id: value })],
    ["in an article", "orders", (value) => postOrder({ sku: value })],
    ["instead of a number", "orders", (value) => postOrder({ quantity: value })],
    ["instead of a price", "orders", (value) => postOrder({ unit_price: value })],
    ["in a status", "orders", (value) => json("PATCH", `/orders/${id}`, { status: value })],
    ["in a path", "users", (value) => getting(`/users/${value}`)],
    ["in an unknown path", "users", (value) => getting(`/${value}/${value}`)],
    ["in a limit", "users", (value) => getting(`/users?limit=${value}`)],
    ["in a cursor", "orders", (value) => getting(`/orders?after=${value}`)],
    ["in a filter", "orders", (value) => getting(`/orders?status=${value}&user_id=${value}`)],
    [
      "in If-Match",
      "users",
      (value) => ({ ...getting(`/users/${id}`, ["If-Match", value]), method: "DELETE" }),
    ],
    [
      "in Idempotency-Key",
      "orders",
      (value) => postOrder({}, ["Idempotency-Key", value.repeat(3)]),
    ],
    [
      "in Content-Type",
      "orders",
      (value) => ({ ...json("POST", "/orders", "{}"), headers: [["Content-Type", value]] }),
    ],
    ["in Content-Encoding", "orders", (value) => postOrder({}, ["Content-Encoding", value])],
    [
      "in X-Request-Id",
      "users",
      (value) => getting("/nowhere", ["X-Request-Id", value.padEnd(129, "a")]),
    ],
  ])("%s", async (_, service, requestWith, users, orders) => {
    await forAll(long, numRuns, async (value) => {
      const response = await (service === "users" ? users : orders).send(requestWith(value));
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.body.toString()).not.toContain(value.slice(0, 101));
      expect(problemOf(response).detail.length).toBeLessThan(100);
    });
  });
});
