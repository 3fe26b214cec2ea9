// Header fields of any bytes that a field may have.
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { createUser, newOrder } from "../support/platform/services.ts";
import { problemOf } from "../support/problem-rules.ts";
import { sendingJson } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { withTargets } from "../support/platform/targets.ts";
import { fieldValue } from "../fuzz/wild-requests.ts";

const numRuns = amount({ full: 2000, fast: 200 });

/** What is left of a field's value once it has been read (RFC 9112, 5.1). */
const trimmed = (value: string) => value.replace(/^[ \t]+|[ \t]+$/g, "");

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Text of these signs, long and short. */
const of = (signs: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...signs.split("")), maxLength, size: "max" });

/** Fields of a request that sends JSON. */
const withField = (name: string, value: string): [string, string][] => [
  ["Content-Type", "application/json"],
  [name, value],
];

test("X-Request-Id is kept if it is well-formed and replaced if not", async () => {
  const ids = fc.oneof(fieldValue, of("aZ09._-", 140), of("aZ09._-/ ", 20));
  await withTargets(async ({ users }) => {
    await forAll(ids, numRuns, async (id) => {
      const request = {
        method: "GET",
        target: "/nowhere",
        headers: withField("X-Request-Id", id),
      };
      const response = await users.send(request);
      const told = response.headers.get("x-request-id") ?? "";
      expect(problemOf(response).request_id).toBe(told);
      if (/^[A-Za-z0-9._-]{1,128}$/.test(trimmed(id))) expect(told).toBe(trimmed(id));
      else expect(told).toMatch(uuid7);
    });
  });
});

test("Idempotency-Key makes an order or is refused", async () => {
  const keys = fc.oneof(fieldValue, of("k!~-", 270), of('k!~" ,', 20));
  await withTargets(async ({ users, orders }) => {
    const body = JSON.stringify(newOrder(await createUser(users.running), 1));
    await forAll(keys, numRuns, async (key) => {
      const request = {
        ...sendingJson("POST", "/orders", body),
        headers: withField("Idempotency-Key", key),
      };
      const { status } = await orders.send(request);
      const bare = trimmed(key);
      if (bare.startsWith('"')) expect([201, 400]).toContain(status);
      else expect(status).toBe(/^[!-~]{1,255}$/.test(bare) ? 201 : 400);
    });
  });
});

test.each(["traceparent", "tracestate", "baggage"])("%s stands in no order's way", async (name) => {
  const parent = [
    "traceparent",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  ] as const;
  const start = fc.constantFrom("", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-");
  await withTargets(async ({ users, orders }) => {
    const body = JSON.stringify(newOrder(await createUser(users.running), 1));
    await forAll(fc.tuple(start, fieldValue), numRuns, async ([start, value]) => {
      const headers = withField(name, name === "traceparent" ? start + value : value);
      if (name !== "traceparent") headers.push([...parent]);
      const response = await orders.send({ ...sendingJson("POST", "/orders", body), headers });
      expect(response.status).toBe(201);
    });
  });
});

test.each([
  ["GET", "If-None-Match", [200, 304]],
  ["PATCH", "If-None-Match", [200, 412]],
  ["PATCH", "If-Match", [200, 412, 422]],
] as const)("%s with %s", async (method, name, statuses) => {
  const tags = fc.oneof(
    fieldValue,
    fc.stringMatching(/^[ \t,]*(?:(?:W\/)?"[!-~]{0,9}"[ \t,]*){0,5}$/),
  );
  await withTargets(async ({ users }) => {
    const id = await createUser(users.running);
    await forAll(tags, numRuns, async (value) => {
      const headers = withField(name, value);
      const request = { ...sendingJson(method, `/users/${id}`, "{}"), headers };
      expect<readonly number[]>(statuses).toContain((await users.send(request)).status);
    });
  });
});

test("Host, and fields that mean nothing to us", async () => {
  const names = fc.constantFrom(
    "Host",
    "Cookie",
    "Accept",
    "Accept-Encoding",
    "Range",
    "Upgrade",
    "X-Forwarded-Host",
  );
  await withTargets(async ({ users }) => {
    await forAll(fc.tuple(names, fieldValue), numRuns, async ([name, value]) => {
      const response = await users.send({
        method: "GET",
        target: "/users",
        headers: [[name, value]],
      });
      expect(response.status).toBe(200);
    });
  });
});
