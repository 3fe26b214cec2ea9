// JSON bodies that no serialiser writes: the services read what JSON allows and refuse what it forbids.
import { describe, expect } from "bun:test";
import * as fc from "fast-check";
import { createUser } from "../support/platform/resources.ts";
import { test, type Target } from "../support/platform/targets.ts";
import { placesOf, problemOf } from "../support/problem-rules.ts";
import { forAll } from "../support/property.ts";
import { sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { brokenText, encodedText, nestedText } from "./damaged-json.ts";
import { jsonText, numberText } from "./json-texts.ts";

const numRuns = amount({ full: 2000, fast: 200 });

/** Whether a body is JSON in UTF-8. */
function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}

const post = ({ send }: Target, body: string | Uint8Array) =>
  send(sendingJson("POST", "/users", body));

let people = 0;

/** The body of a valid user, with one more member. */
function userWith(member: string): string {
  people += 1;
  return `{"name":"Alice","email":"person${people}@example.com","x":${member}}`;
}

/** The text of an order with one item. */
function orderOf(userId: string, { quantity = "1", price = "1" }): string {
  return `{"user_id":"${userId}","items":[{"sku":"a","quantity":${quantity},"unit_price":${price}}]}`;
}

describe("POST /users reads JSON and refuses everything else with 400:", () => {
  test.each<[string, fc.Arbitrary<Uint8Array>]>([
    ["any JSON", jsonText.map((text) => Buffer.from(text))],
    ["JSON that was damaged", brokenText.map((text) => Buffer.from(text))],
    ["JSON in another encoding", encodedText],
    ["bytes", fc.uint8Array({ minLength: 1, maxLength: 50 })],
  ])("%s", async (_, bodies, users) => {
    await forAll(bodies, numRuns, async (body) => {
      const response = await post(users, body);
      expect(response.status).toBe(isJson(body) ? 422 : 400);
      if (response.status === 400)
        expect(problemOf(response).detail).toBe("Body is not valid JSON");
    });
  });
});

test("POST /users accepts a byte order mark in UTF-8, and refuses UTF-16 and Latin-1", async (users) => {
  const bom = "\ufeff";
  expect((await post(users, `${bom}${userWith("1")}`)).status).toBe(201);
  for (const encoding of ["utf16le", "utf-8", "latin1"] as const) {
    const body = Buffer.from(userWith('"é"'), encoding);
    expect((await post(users, body)).status).toBe(encoding === "utf-8" ? 201 : 400);
  }
});

test("POST /users reads 500 levels of nesting and refuses more, however deep", async (users) => {
  await forAll(nestedText, numRuns, async ({ depth, text }) => {
    // The body itself is the first level.
    const response = await post(users, userWith(text));
    expect(response.status).toBe(depth + 1 > 500 ? 400 : 201);
  });
  for (const open of ["[", '{"a":', '[{"a":', '[{"":[']) {
    const response = await post(users, open.repeat(Math.floor(1_048_576 / open.length)));
    expect(response.status).toBe(400);
  }
});

test("POST /orders reads a price by its value, and refuses fractions of a cent", async (users, orders) => {
  const userId = await createUser(users.running);
  await forAll(numberText, numRuns, async (price) => {
    const response = await orders.send(sendingJson("POST", "/orders", orderOf(userId, { price })));
    const value = Number(price);
    const isPrice = /^\d+(?:\.\d\d?)?$/.test(String(value)) && value > 0 && value <= 1_000_000;
    expect(response.status).toBe(isPrice ? 201 : 422);
    if (isPrice) {
      expect(response.body.toString()).toContain(
        `"unit_price":${value}}],"total_amount":${value},`,
      );
      return;
    }
    expect(placesOf(response)).toEqual([{ pointer: "#/items/0/unit_price" }]);
    // An error may repeat the client's text, but not the value that JavaScript made of it.
    expect(response.body.toString()).not.toMatch(/Infinity|NaN|null/);
  });
});

test("POST /orders reads a quantity by its value", async (users, orders) => {
  const userId = await createUser(users.running);
  await forAll(numberText, numRuns, async (quantity) => {
    const response = await orders.send(
      sendingJson("POST", "/orders", orderOf(userId, { quantity })),
    );
    const value = Number(quantity);
    const isQuantity = Number.isInteger(value) && value >= 1 && value <= 1000;
    expect(response.status).toBe(isQuantity ? 201 : 422);
    if (!isQuantity) expect(placesOf(response)).toEqual([{ pointer: "#/items/0/quantity" }]);
  });
});

test("POST /users and POST /orders do not read members from __proto__", async (users, orders) => {
  const user = '{"name":"Alice","email":"alice@example.com"}';
  const missing = [{ pointer: "#/name" }, { pointer: "#/email" }];
  for (const name of ["__proto__", "constructor", "\\u005f_proto__", "prototype"]) {
    expect(placesOf(await post(users, `{"${name}":${user}}`))).toEqual(missing);
    const nested = `{"constructor":{"prototype":${user}},"${name}":{"__proto__":${user}}}`;
    expect(placesOf(await post(users, nested))).toEqual(missing);
    expect(placesOf(await post(users, "{}"))).toEqual(missing);
    const item = `{"${name}":{"sku":"a","quantity":1,"unit_price":1}}`;
    const order = `{"${name}":{"user_id":"${crypto.randomUUID()}"},"items":[${item}]}`;
    expect(placesOf(await orders.send(sendingJson("POST", "/orders", order)))).toEqual([
      { pointer: "#/user_id" },
      { pointer: "#/items/0/sku" },
      { pointer: "#/items/0/quantity" },
      { pointer: "#/items/0/unit_price" },
    ]);
  }
});
