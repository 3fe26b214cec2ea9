// Errors never repeat a long value that a client sent.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { problemOf } from "../support/problem-rules.ts";
import { sendingJson, type RawRequest } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { withTargets } from "../support/platform/targets.ts";

const numRuns = amount({ full: 200, fast: 20 });

describe("an error response does not repeat a long value", () => {
  const long = fc.stringMatching(/^[a-z]{101,3000}$/);
  const id = crypto.randomUUID();
  const order = (part: object) =>
    JSON.stringify({ user_id: id, items: [{ sku: "a", quantity: 1, unit_price: 1, ...part }] });
  test.each<[string, "users" | "orders", (value: string) => RawRequest]>([
    [
      "in a name",
      "users",
      (value) => sendingJson("PUT", `/users/${id}`, JSON.stringify({ name: value })),
    ],
    [
      "in an e-mail address",
      "users",
      (value) => sendingJson("PUT", `/users/${id}`, JSON.stringify({ email: value })),
    ],
    ["as a body", "users", (value) => sendingJson("POST", "/users", JSON.stringify(value))],
    [
      "as a member name",
      "users",
      (value) => sendingJson("POST", "/users", JSON.stringify({ [value]: 1 })),
    ],
    ["after the body", "users", (value) => sendingJson("POST", "/users", `{}${value}`)],
    [
      "in an id",
      "orders",
      (value) => sendingJson("POST", "/orders", JSON.stringify({ user_id: value })),
    ],
    ["in an article", "orders", (value) => sendingJson("POST", "/orders", order({ sku: value }))],
    [
      "instead of a number",
      "orders",
      (value) => sendingJson("POST", "/orders", order({ quantity: value })),
    ],
    [
      "instead of a price",
      "orders",
      (value) => sendingJson("POST", "/orders", order({ unit_price: value })),
    ],
    [
      "in a status",
      "orders",
      (value) => sendingJson("PATCH", `/orders/${id}`, JSON.stringify({ status: value })),
    ],
    ["in a path", "users", (value) => ({ method: "GET", target: `/users/${value}` })],
    ["in an unknown path", "users", (value) => ({ method: "GET", target: `/${value}/${value}` })],
    ["in a limit", "users", (value) => ({ method: "GET", target: `/users?limit=${value}` })],
    ["in a cursor", "orders", (value) => ({ method: "GET", target: `/orders?after=${value}` })],
    [
      "in a filter",
      "orders",
      (value) => ({ method: "GET", target: `/orders?status=${value}&user_id=${value}` }),
    ],
    [
      "in If-Match",
      "users",
      (value) => ({ method: "DELETE", target: `/users/${id}`, headers: [["If-Match", value]] }),
    ],
    [
      "in Idempotency-Key",
      "orders",
      (value) => ({
        ...sendingJson("POST", "/orders", order({})),
        headers: [
          ["Content-Type", "application/json"],
          ["Idempotency-Key", value.repeat(3)],
        ],
      }),
    ],
    [
      "in Content-Type",
      "orders",
      (value) => ({ ...sendingJson("POST", "/orders", "{}"), headers: [["Content-Type", value]] }),
    ],
    [
      "in Content-Encoding",
      "orders",
      (value) => ({
        ...sendingJson("POST", "/orders", "{}"),
        headers: [
          ["Content-Type", "application/json"],
          ["Content-Encoding", value],
        ],
      }),
    ],
    [
      "in X-Request-Id",
      "users",
      (value) => ({
        method: "GET",
        target: "/nowhere",
        headers: [["X-Request-Id", value.padEnd(129, "a")]],
      }),
    ],
  ])("%s", async (_, service, requestWith) => {
    await withTargets(async ({ [service]: target }) => {
      await forAll(long, numRuns, async (value) => {
        const response = await target.send(requestWith(value));
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.body.toString()).not.toContain(value.slice(0, 101));
        expect(problemOf(response).detail.length).toBeLessThan(100);
      });
    });
  });
});
