// Bytes that are no proper HTTP: whoever sends them is turned away, and nobody else suffers.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { responsesTo, statusesUntilClosed, userNames } from "./conversation.ts";
import {
  brokenChunks,
  goodUser,
  noRequests,
  smuggled,
  unclearLengths,
  userText,
} from "./malformed-requests.ts";
import type { RawResponse } from "../support/raw-response.ts";
import { amount } from "../support/scale.ts";
import { withTargets } from "../support/platform/targets.ts";

const numRuns = amount({ full: 2000, fast: 200 });

describe("whoever is not clear about where a body ends is turned away, and nothing is done of it:", () => {
  test.each([
    ["its length", unclearLengths],
    ["its chunks", brokenChunks],
  ])("%s", async (_, cases) => {
    await withTargets(async ({ users }) => {
      const found: Record<string, unknown> = {};
      for (const [name, bytes] of Object.entries(cases)) {
        found[name] = [await statusesUntilClosed(users, bytes), await userNames(users)];
      }
      expect(found).toEqual(
        Object.fromEntries(Object.keys(cases).map((name) => [name, [[400], []]])),
      );
    });
  });

  test("a length that is too short leaves a rest that is no request", async () => {
    await withTargets(async ({ users }) => {
      await forAll(fc.integer({ min: 0, max: userText.length - 1 }), numRuns, async (length) => {
        const statuses = await statusesUntilClosed(users, goodUser(length) + smuggled);
        expect(statuses.at(-1)).toBe(400);
        expect(await userNames(users)).toEqual([]);
      });
    });
  });
});

test("what is no request, or beyond all measure, is turned away by itself", async () => {
  await withTargets(async ({ users, orders }) => {
    for (const target of [users, orders]) {
      const taken: string[] = [];
      for (const [name, bytes] of Object.entries(noRequests)) {
        const statuses = await statusesUntilClosed(target, bytes);
        const isRefused = statuses.length <= 1 && statuses.every((status) => status >= 400);
        if (!isRefused) taken.push(`${name}: ${statuses.join()}`);
        expect((await target.send({ method: "GET", target: "/health" })).status).toBe(200);
      }
      expect(taken).toEqual([]);
    }
  });
});

/** Statuses that do not tell of a failure of ours: 505 refuses the client's version of HTTP. */
const isNoFailure = ({ status }: RawResponse) => status < 500 || status === 505;

test("random bytes make a service say no more than that they are wrong", async () => {
  await withTargets(async ({ users }) => {
    await forAll(fc.uint8Array({ maxLength: 2000, size: "max" }), numRuns, async (bytes) => {
      expect((await responsesTo(users, bytes)).filter(({ status }) => status < 400)).toEqual([]);
    });
  });
});

test("a good request that was damaged on its way is answered once or not at all", async () => {
  const good = Buffer.from(goodUser());
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
  await withTargets(async ({ users }) => {
    await forAll(damages, numRuns, async (damages) => {
      const damaged = damages.reduce<Uint8Array>(
        (bytes, { at, cut, put }) =>
          Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]),
        good,
      );
      const responses = await responsesTo(users, damaged);
      expect(responses.every(isNoFailure)).toBe(true);
      // The first half may be a whole request, and the rest then is none.
      expect(responses.slice(1).filter(({ status }) => status < 400)).toEqual([]);
    });
  });
});

test("requests sent one behind the other without waiting never get each other's answers", async () => {
  const kinds = fc.constantFrom("/health", "/nowhere", "/users", "/users/x", "POST");
  const plans = fc.oneof(
    fc.array(fc.constant("/health"), { minLength: 1, maxLength: 30 }),
    fc.array(kinds, { minLength: 1, maxLength: 10 }),
  );
  await withTargets(async ({ users }) => {
    await forAll(plans, numRuns, async (plan) => {
      const sent = plan.map((kind, n) => {
        const id = `X-Request-Id: ${n}\r\n`;
        if (kind === "POST") return goodUser().replace("Host:", `${id}Host:`);
        return `GET ${kind} HTTP/1.1\r\nHost: test\r\n${id}\r\n`;
      });
      const responses = await responsesTo(users, sent.join(""));
      // Behind an answer that takes its time the connection may be ended.
      if (plan.every((kind) => kind === "/health")) expect(responses).toHaveLength(plan.length);
      const ids = responses.map(({ headers }) => headers.get("x-request-id"));
      expect(ids).toEqual(Array.from(ids, (_, n) => String(n)));
    });
  });
});

test("HTTP/1.0 is answered, after which the connection is ended", async () => {
  await withTargets(async ({ users, orders }) => {
    for (const target of [users, orders]) {
      for (const fields of ["", "Host: test\r\n", "Connection: keep-alive\r\n"]) {
        expect(await statusesUntilClosed(target, `GET /health HTTP/1.0\r\n${fields}\r\n`)).toEqual([
          200,
        ]);
      }
    }
  });
});
