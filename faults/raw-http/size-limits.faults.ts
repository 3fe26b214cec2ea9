// Requests of every size up to the limit, and just beyond it.
import { describe, expect } from "bun:test";
import * as fc from "fast-check";
import { createUser } from "../support/platform/resources.ts";
import { test } from "../support/platform/targets.ts";
import { placesOf } from "../support/problem-rules.ts";
import { forAll } from "../support/property.ts";
import { getting, requestBytes, sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";

const mebibyte = 1_048_576;
const numRuns = amount({ full: 200, fast: 20 });

/** The ways to send a body: with its length, or in chunks of this size. */
const framings = [undefined, 65_536, 1000] as const;

/** A user's body of exactly so many bytes, which `fill` pads. */
function userOf(bytes: number, n: number, fill: (length: number) => string): Buffer {
  const start = `{"name":"Alice","email":"size${n}@example.com"`;
  return Buffer.from(`${start}${fill(bytes - start.length - 1)}}`);
}

describe("POST /users accepts a body of 1 MiB and not one byte more, at once or in chunks:", () => {
  test.each<[string, (length: number) => string]>([
    ["one string", (length) => `,"x":"${"x".repeat(length - 7)}"`],
    ["blanks", (length) => " ".repeat(length)],
    ["one number", (length) => `,"x":${"1".repeat(length - 5)}`],
    [
      "very many members",
      (length) => `${',"k":0'.repeat(Math.floor(length / 6))}${" ".repeat(length % 6)}`,
    ],
    [
      "very many names",
      (length) => {
        const members = Array.from(
          { length: Math.floor(length / 13) },
          (_, n) => `,"k${String(n).padStart(7, "0")}":0`,
        );
        return members.join("") + " ".repeat(length % 13);
      },
    ],
    [
      "escapes",
      (length) => `,"x":"${"\\n".repeat((length - 7) >> 1)}"${" ".repeat((length - 7) & 1)}`,
    ],
    [
      "a flat array",
      (length) => `,"x":[0${",0".repeat((length - 8) >> 1)}]${" ".repeat(length & 1)}`,
    ],
  ])("%s", async (_, fill, users) => {
    let n = 0;
    for (const chunkBytes of framings) {
      n += 1;
      const whole = userOf(mebibyte, n, fill);
      expect(whole).toHaveLength(mebibyte);
      const accepted = await users.send({ ...sendingJson("POST", "/users", whole), chunkBytes });
      expect(accepted.status).toBe(201);
      const longer = Buffer.concat([whole, Buffer.from(" ")]);
      const refused = await users.send({ ...sendingJson("POST", "/users", longer), chunkBytes });
      expect(refused.status).toBe(413);
    }
  });
});

test("PUT /users/{id} reads the same body from chunks of any size", async (users) => {
  const id = await createUser(users.running);
  const body = JSON.stringify({ name: "Ålice 漢字 😀", email: "other@example.com" });
  await forAll(
    fc.tuple(fc.integer({ min: 1, max: 100 }), fc.boolean()),
    numRuns,
    async ([chunkBytes, isWhole]) => {
      const sent = isWhole ? body : body.slice(0, -1);
      const response = await users.send({
        ...sendingJson("PUT", `/users/${id}`, sent),
        chunkBytes,
      });
      expect(response.status).toBe(isWhole ? 200 : 400);
    },
  );
});

test("POST /orders reports a thousand of hundreds of thousands of field errors", async (_, orders) => {
  const items = Array(300_000).fill("{}").join();
  const body = `{"user_id":"${crypto.randomUUID()}","items":[${items}]}`;
  const many = await orders.send(sendingJson("POST", "/orders", body));
  expect(many.status).toBe(422);
  expect(placesOf(many)).toHaveLength(1000);
});

test("both services read a head of 16,000 bytes, in one long field or in many short ones", async (users, orders) => {
  for (const target of [users, orders]) {
    for (const count of [1, 10, 150]) {
      const rest = 16_000 - requestBytes(getting("/health")).length;
      const value = "v".repeat(Math.floor(rest / count) - "x-000: \r\n".length);
      const headers = Array.from({ length: count }, (_, n): [string, string] => [
        `x-${String(n).padStart(3, "0")}`,
        value,
      ]);
      expect((await target.send(getting("/health", ...headers))).status).toBe(200);
    }
    const path = `/users?x=${"x".repeat(15_900)}`;
    const { status } = await target.send(getting(path));
    expect(status).toBe(target === users ? 422 : 404);
  }
});
