// Bytes that are not correct HTTP: the service refuses them, and serves other clients.
import { describe, expect } from "bun:test";
import * as fc from "fast-check";
import { test } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import { getting } from "../support/raw-request.ts";
import type { RawResponse } from "../support/raw-response.ts";
import { amount } from "../support/scale.ts";
import { responsesTo, statusesUntilClosed, userNames } from "./conversation.ts";
import {
  brokenChunks,
  createUserRequest,
  notRequests,
  smuggled,
  unclearLengths,
  userText,
} from "./malformed-requests.ts";

const numRuns = amount({ full: 2000, fast: 200 });

describe("POST /users refuses a request whose body has an unclear end, and creates no user:", () => {
  test.each([
    ["lengths", unclearLengths],
    ["chunks", brokenChunks],
  ])("%s", async (_, cases, users) => {
    const found: Record<string, unknown> = {};
    for (const [name, bytes] of Object.entries(cases)) {
      found[name] = [await statusesUntilClosed(users, bytes), await userNames(users)];
    }
    expect(found).toEqual(
      Object.fromEntries(Object.keys(cases).map((name) => [name, [[400], []]])),
    );
  });

  test("does not take the rest of a body for a request if Content-Length is too short", async (users) => {
    await forAll(fc.integer({ min: 0, max: userText.length - 1 }), numRuns, async (length) => {
      const statuses = await statusesUntilClosed(users, createUserRequest(length) + smuggled);
      expect(statuses.at(-1)).toBe(400);
      expect(await userNames(users)).toEqual([]);
    });
  });
});

test("both services refuse what is not a request or is far too large, and serve the next client", async (users, orders) => {
  for (const target of [users, orders]) {
    const accepted: string[] = [];
    for (const [name, bytes] of Object.entries(notRequests)) {
      const statuses = await statusesUntilClosed(target, bytes);
      const isRefused = statuses.length <= 1 && statuses.every((status) => status >= 400);
      if (!isRefused) accepted.push(`${name}: ${statuses.join()}`);
      expect((await target.send(getting("/health"))).status).toBe(200);
    }
    expect(accepted).toEqual([]);
  }
});

/** 505 is not a failure of the service: it refuses the client's HTTP version. */
const isNotFailure = ({ status }: RawResponse) => status < 500 || status === 505;

test("user-service responds to random bytes with nothing but errors", async (users) => {
  await forAll(fc.uint8Array({ maxLength: 2000, size: "max" }), numRuns, async (bytes) => {
    expect((await responsesTo(users, bytes)).filter(({ status }) => status < 400)).toEqual([]);
  });
});

test("POST /users is done once or not at all if its bytes are damaged", async (users) => {
  const good = Buffer.from(createUserRequest());
  const damages = fc.array(
    fc.record({
      at: fc.nat(good.length - 1),
      cut: fc.nat(3),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc
          .constantFrom("\r\n", "\r\n\r\n", ":", " ", "\0", "Content-Length: 1\r\n")
          .map(Buffer.from),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  );
  await forAll(damages, numRuns, async (damages) => {
    const damaged = damages.reduce<Uint8Array>(
      (bytes, { at, cut, put }) =>
        Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]),
      good,
    );
    const responses = await responsesTo(users, damaged);
    expect(responses.every(isNotFailure)).toBe(true);
    // Its first part may be a complete request, and then the rest must not be one.
    expect(responses.slice(1).filter(({ status }) => status < 400)).toEqual([]);
  });
});

test("pipelined requests never get each other's responses", async (users) => {
  const kinds = fc.constantFrom("/health", "/nowhere", "/users", "/users/x", "POST");
  const plans = fc.oneof(
    fc.array(fc.constant("/health"), { minLength: 1, maxLength: 30 }),
    fc.array(kinds, { minLength: 1, maxLength: 10 }),
  );
  await forAll(plans, numRuns, async (plan) => {
    const sent = plan.map((kind, n) => {
      const id = `X-Request-Id: ${n}\r\n`;
      if (kind === "POST") return createUserRequest().replace("Host:", `${id}Host:`);
      return `GET ${kind} HTTP/1.1\r\nHost: test\r\n${id}\r\n`;
    });
    const responses = await responsesTo(users, sent.join(""));
    // Bun may close the connection after a response that is not immediate.
    if (plan.every((kind) => kind === "/health")) expect(responses).toHaveLength(plan.length);
    const ids = responses.map(({ headers }) => headers.get("x-request-id"));
    expect(ids).toEqual(Array.from(ids, (_, n) => String(n)));
  });
});

test("GET /health serves HTTP/1.0 and then closes the connection", async (users, orders) => {
  for (const target of [users, orders]) {
    for (const fields of ["", "Host: test\r\n", "Connection: keep-alive\r\n"]) {
      expect(await statusesUntilClosed(target, `GET /health HTTP/1.0\r\n${fields}\r\n`)).toEqual([
        200,
      ]);
    }
  }
});
