// Requests that come in pieces, stop half-way or break off: they hold up nobody.
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { userNames } from "./conversation.ts";
import { goodUser, userText } from "./malformed-requests.ts";
import { openConnection, type RawConnection } from "../support/raw-connection.ts";
import { chunked } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { withTargets, type Target } from "../support/platform/targets.ts";

const numRuns = amount({ full: 1000, fast: 100 });

const head = "Host: test\r\nContent-Type: application/json\r\n";
const body = Buffer.from(userText);
const inChunks = `POST /users HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n${chunked(body, 7).toString()}`;

/** Where a request may be cut: short of its last chunk, for with that it is whole. */
const unfinished = (request: string) => request.length - "0\r\n\r\n".length;

/** Sends the parts one after the other, each in a packet of its own as far as a client can tell. */
async function writeApart(connection: RawConnection, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    await connection.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function isServing(target: Target): Promise<void> {
  expect((await target.send({ method: "GET", target: "/users" })).status).toBe(200);
}

test.each([
  ["with its length", goodUser()],
  ["in chunks", inChunks],
])("a request that comes byte by byte is answered like any other, %s", async (_, request) => {
  await withTargets(async ({ users }) => {
    using connection = await openConnection(users.running.port);
    await writeApart(connection, Array.from(request));
    expect((await connection.response()).status).toBe(201);
    await writeApart(connection, Array.from(request));
    expect((await connection.response()).status).toBe(409);
  });
});

test("a request that comes in pieces of any size is answered like any other", async () => {
  const requests = fc.constantFrom(goodUser(), inChunks);
  const cuts = fc.array(fc.nat(inChunks.length), { maxLength: 8 });
  await withTargets(async ({ users }) => {
    let isFirst = true;
    await forAll(fc.tuple(requests, cuts), numRuns, async ([request, cuts]) => {
      const places = [0, ...cuts.sort((one, other) => one - other), request.length];
      const pieces = places.map((place, n) => request.slice(place, places[n + 1]));
      using connection = await openConnection(users.running.port);
      await writeApart(connection, pieces);
      expect((await connection.response()).status).toBe(isFirst ? 201 : 409);
      isFirst = false;
    });
  });
});

test.each(["reset", "ended"] as const)(
  "a request that is %s anywhere on its way does nothing and hurts nobody",
  async (how) => {
    const beginnings = fc
      .constantFrom(goodUser(), inChunks)
      .chain((request) => fc.nat(unfinished(request)).map((at) => request.slice(0, at)));
    await withTargets(async ({ users }) => {
      await forAll(beginnings, numRuns, async (beginning) => {
        using connection = await openConnection(users.running.port);
        await connection.write(beginning);
        await isServing(users);
        if (how === "ended") {
          connection.finish();
          await connection.responses();
        }
      });
      expect(await userNames(users)).toEqual([]);
    });
  },
);

test("a length that is too long makes a request wait, and nobody else", async () => {
  await withTargets(async ({ users }) => {
    using connection = await openConnection(users.running.port);
    await connection.write(goodUser(userText.length + 3));
    await isServing(users);
    expect(await userNames(users)).toEqual([]);
    await connection.write("   ");
    expect((await connection.response()).status).toBe(201);
  });
});

test("hundreds of half requests hold up nobody, and each can still be finished", async () => {
  const count = amount({ full: 500, fast: 200 });
  await withTargets(async ({ users }) => {
    await using stack = new AsyncDisposableStack();
    const waiting: { connection: RawConnection; rest: string }[] = [];
    for (let n = 0; n < count; n += 1) {
      const connection = stack.use(await openConnection(users.running.port));
      const request = n % 2 ? goodUser() : inChunks;
      const at = Math.floor((n / count) * unfinished(request));
      await connection.write(request.slice(0, at));
      waiting.push({ connection, rest: request.slice(at) });
    }
    await isServing(users);
    expect(await userNames(users)).toEqual([]);
    const statuses = await Promise.all(
      waiting.map(async ({ connection, rest }) => {
        await connection.write(rest);
        return (await connection.response()).status;
      }),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(count - 1);
  });
});

test("clients that leave without waiting for an answer hurt nobody", async () => {
  await withTargets(async ({ users, orders }) => {
    for (const target of [users, orders]) {
      for (let n = 0; n < numRuns; n += 1) {
        using connection = await openConnection(target.running.port);
        await connection.write(n % 2 ? goodUser() : "GET /swagger HTTP/1.1\r\nHost: test\r\n\r\n");
      }
      expect((await target.send({ method: "GET", target: "/health" })).status).toBe(200);
    }
  });
});
