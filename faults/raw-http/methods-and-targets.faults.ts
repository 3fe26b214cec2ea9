// Correct HTTP that clients rarely send: every method, every target.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { anyTarget } from "../support/http-arbitraries.ts";
import { createUser } from "../support/platform/resources.ts";
import { test } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import { getting, sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";

const numRuns = amount({ full: 2000, fast: 200 });

test("both services respond as documented to any path and query", async (users, orders) => {
  const methods = fc.constantFrom("GET", "HEAD", "POST", "DELETE", "OPTIONS");
  for (const { send } of [users, orders]) {
    await forAll(fc.tuple(methods, anyTarget), numRuns, async ([method, target]) => {
      await send({ method, target });
    });
  }
});

test("user-service reads a target exactly as it is written", async (users) => {
  const statuses = {
    "/users": 200,
    "/users?": 200,
    "/users?limit=1&limit=2": 422,
    "/users?limit=0&limit=2": 422,
    "/users?limit=2&limit=0": 422,
    "/users?limit=": 422,
    "/users?limit": 422,
    "/users?limit=%zz": 422,
    "/users?limit=%31": 200,
    "/users?%6cimit=0": 422,
    "/users?after=": 422,
    "/users?email=%ff": 422,
    "/users?email=%00": 422,
    "/users?email=%ed%a0%80": 422,
    "/users?__proto__=1&constructor=2": 422,
    "/users?a=%zz&%zz": 422,
    "/users?&&": 200,
    "/users?&&==&=": 422,
    "/users?limit[]=0": 422,
    "/health?x=1": 200,
    "/users/": 404,
    "//users": 404,
    "/users//": 404,
    "/Users": 404,
    "/us%65rs": 404,
    "/users%2f": 404,
    "/users;a=b": 404,
    "/users%3flimit=0": 404,
    "/users/x/y": 404,
    "/users/%00": 422,
    "/users/%2f": 422,
    "/users/%2e%2e%2f": 422,
    "/users/%ff": 422,
    "/users/%zz": 422,
    "/users/;": 422,
    "/users/x": 422,
    "/users/../users": 200,
    "/x/../users/.": 404,
    [`/users/${"a".repeat(15_000)}`]: 422,
    [`/${"a/".repeat(7500)}`]: 404,
    [`/users?${"a&".repeat(7500)}`]: 422,
    [`/users?${"&".repeat(15_000)}limit=1`]: 200,
    [`/users?${"limit=1&".repeat(1900)}limit=0`]: 422,
    "http://elsewhere/users": 200,
    "http://elsewhere": 404,
    "https://elsewhere:1/users?limit=0": 422,
  };
  const found: Record<string, number> = {};
  for (const target of Object.keys(statuses)) {
    found[target] = (await users.send(getting(target))).status;
  }
  expect(found).toEqual(statuses);
});

test("both services respond to every method, with a body or without", async (users, orders) => {
  const methods = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split(" ");
  const others = "PROPFIND MKCOL LOCK SEARCH PURGE LINK QUERY".split(" ");
  const paths = "/users /users/x /orders /orders/x /health /ready /metrics /swagger /x".split(" ");
  for (const to of [users, orders]) {
    for (const method of [...methods, ...others]) {
      for (const target of paths) {
        await to.send({ method, target });
        await to.send({ ...sendingJson(method, target, "{}"), chunkBytes: 1 });
        await to.send({ method, target, body: "GET / HTTP/1.1\r\n\r\n" });
      }
    }
  }
});

test("GET /users/{id} ignores a body", async (users) => {
  const id = await createUser(users.running);
  const bodies = ["", "{", '{"name":""}', "x".repeat(1_100_000), "\0"];
  for (const body of bodies) {
    for (const chunkBytes of [undefined, 100_000]) {
      const sent = { ...sendingJson("GET", `/users/${id}`, body), chunkBytes };
      expect((await users.send(sent)).status).toBe(200);
      const coded = { ...sent, headers: [["Content-Encoding", "gzip"]] as const };
      expect((await users.send(coded)).status).toBe(200);
      expect((await users.send({ ...sent, method: "OPTIONS" })).status).toBe(405);
    }
  }
});
