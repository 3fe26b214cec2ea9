// Header fields with any bytes that HTTP allows.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { fieldValue } from "../support/http-arbitraries.ts";
import { createUser, newOrder, newUser } from "../support/platform/resources.ts";
import { test } from "../support/platform/targets.ts";
import { problemOf } from "../support/problem-rules.ts";
import { forAll } from "../support/property.ts";
import { getting, sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";

const numRuns = amount({ full: 2000, fast: 200 });

/** A field's value without the white space around it, as a server reads it (RFC 9112, 5.1). */
const trimmed = (value: string) => value.replace(/^[ \t]+|[ \t]+$/g, "");

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Short and long texts of these characters. */
const textOf = (characters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters.split("")), maxLength, size: "max" });

/** The fields of a JSON request, with one more. */
const withField = (name: string, value: string): [string, string][] => [
  ["Content-Type", "application/json"],
  [name, value],
];

test("X-Request-Id is kept if it is well-formed, and replaced otherwise", async (users) => {
  const ids = fc.oneof(fieldValue, textOf("aZ09._-", 140), textOf("aZ09._-/ ", 20));
  await forAll(ids, numRuns, async (id) => {
    const response = await users.send(getting("/nowhere", ...withField("X-Request-Id", id)));
    const requestId = response.headers.get("x-request-id") ?? "";
    expect(problemOf(response).request_id).toBe(requestId);
    if (/^[A-Za-z0-9._-]{1,128}$/.test(trimmed(id))) expect(requestId).toBe(trimmed(id));
    else expect(requestId).toMatch(uuid7);
  });
});

test("Idempotency-Key is accepted or refused with 400, whatever its bytes", async (users, orders) => {
  const keys = fc.oneof(fieldValue, textOf("k!~-", 270), textOf('k!~" ,', 20));
  const order = JSON.stringify(newOrder(await createUser(users.running), 1));
  let sentUsers = 0;
  await forAll(keys, numRuns, async (key) => {
    const headers = withField("Idempotency-Key", key);
    const isMalformed = !/^[!-~]{1,255}$/.test(trimmed(key));
    const allowed = trimmed(key).startsWith('"') ? [201, 400] : [isMalformed ? 400 : 201];
    const ordered = await orders.send({ ...sendingJson("POST", "/orders", order), headers });
    expect(allowed).toContain(ordered.status);
    const user = JSON.stringify(newUser((sentUsers += 1)));
    const created = await users.send({ ...sendingJson("POST", "/users", user), headers });
    // A key that was generated before belongs to another user.
    if (created.status !== 422) expect(created.status).toBe(ordered.status);
  });
});

test.each([["traceparent"], ["tracestate"], ["baggage"]])(
  "%s with any bytes fails no order",
  async (name, users, orders) => {
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const start = fc.constantFrom("", `01${parent.slice(2)}-`);
    const body = JSON.stringify(newOrder(await createUser(users.running), 1));
    await forAll(fc.tuple(start, fieldValue), numRuns, async ([start, value]) => {
      const headers = withField(name, name === "traceparent" ? start + value : value);
      if (name !== "traceparent") headers.push(["traceparent", parent]);
      const response = await orders.send({ ...sendingJson("POST", "/orders", body), headers });
      expect(response.status).toBe(201);
    });
  },
);

test.each<[method: string, name: string, statuses: number[]]>([
  ["GET", "If-None-Match", [200, 304]],
  ["PATCH", "If-None-Match", [200, 412]],
  ["PATCH", "If-Match", [200, 412, 422]],
])("%s /users/{id} handles any %s", async (method, name, statuses, users) => {
  const tags = fc.oneof(
    fieldValue,
    fc.stringMatching(/^[ \t,]*(?:(?:W\/)?"[!-~]{0,9}"[ \t,]*){0,5}$/),
  );
  const id = await createUser(users.running);
  await forAll(tags, numRuns, async (value) => {
    const headers = withField(name, value);
    const request = { ...sendingJson(method, `/users/${id}`, "{}"), headers };
    expect(statuses).toContain((await users.send(request)).status);
  });
});

/** Short values, of the characters that delimit the parts of a URL and the names of routes. */
const urlPart = fc
  .array(
    fc.constantFrom(..."a / // /.. ? # \\ @ : :80 [ ] % %2f metrics health users x".split(" ")),
    {
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));

test("GET /users ignores any Host, and fields that mean nothing to it", async (users) => {
  const names = fc.constantFrom(
    ..."Host Cookie Accept Accept-Encoding Range Upgrade X-Forwarded-Host".split(" "),
  );
  await forAll(fc.tuple(names, fieldValue), numRuns, async ([name, value]) => {
    expect((await users.send(getting("/users", [name, value]))).status).toBe(200);
  });
  await forAll(urlPart, numRuns, async (host) => {
    const response = await users.send(getting("/users", ["Host", host]));
    expect(response.status).toBe(200);
    // Another route has another type: /metrics is text, and /health has no list.
    expect(JSON.parse(response.body.toString())).toBeArray();
  });
});
