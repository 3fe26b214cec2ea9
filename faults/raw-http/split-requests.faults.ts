// Requests that arrive in pieces, stall or break off, and must not delay other clients.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { test, type Target } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import { openConnection, type RawConnection } from "../support/raw-connection.ts";
import { chunked, getting } from "../support/raw-request.ts";
import { amount } from "../support/scale.ts";
import { userNames } from "./conversation.ts";
import { createUserRequest, userText } from "./malformed-requests.ts";

const numRuns = amount({ full: 1000, fast: 100 });

const head = "Host: test\r\nContent-Type: application/json\r\n";
const body = Buffer.from(userText);
const inChunks = `POST /users HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n${chunked(body, 7).toString()}`;

/** The last place to cut a request: before its last chunk, which would complete it. */
const unfinished = (request: string) => request.length - "0\r\n\r\n".length;

/** Sends each part in a packet of its own, as far as a client can control that. */
async function writeApart(connection: RawConnection, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    await connection.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function expectServing(target: Target): Promise<void> {
  expect((await target.send(getting("/users"))).status).toBe(200);
}

test.each([
  ["with its length", createUserRequest()],
  ["in chunks", inChunks],
])("POST /users reads a request that arrives byte by byte, %s", async (_, request, users) => {
  using connection = await openConnection(users.running.port);
  await writeApart(connection, Array.from(request));
  expect((await connection.response()).status).toBe(201);
  await writeApart(connection, Array.from(request));
  expect((await connection.response()).status).toBe(409);
});

test("POST /users reads a request that arrives in pieces of any size", async (users) => {
  const requests = fc.constantFrom(createUserRequest(), inChunks);
  const cuts = fc.array(fc.nat(inChunks.length), { maxLength: 8 });
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

test.each([["reset"], ["ended"]])(
  "POST /users creates no user and harms no other client if a request is %s half-way",
  async (how, users) => {
    const beginnings = fc
      .constantFrom(createUserRequest(), inChunks)
      .chain((request) => fc.nat(unfinished(request)).map((at) => request.slice(0, at)));
    await forAll(beginnings, numRuns, async (beginning) => {
      using connection = await openConnection(users.running.port);
      await connection.write(beginning);
      await expectServing(users);
      if (how === "ended") {
        connection.finish();
        await connection.responses();
      }
    });
    expect(await userNames(users)).toEqual([]);
  },
);

test("POST /users waits for the rest of a body without delaying other clients", async (users) => {
  using connection = await openConnection(users.running.port);
  await connection.write(createUserRequest(userText.length + 3));
  await expectServing(users);
  expect(await userNames(users)).toEqual([]);
  await connection.write("   ");
  expect((await connection.response()).status).toBe(201);
});

test("POST /users can finish each of hundreds of half requests, and serves others meanwhile", async (users) => {
  const count = amount({ full: 500, fast: 200 });
  await using stack = new AsyncDisposableStack();
  const waiting: { connection: RawConnection; rest: string }[] = [];
  for (let n = 0; n < count; n += 1) {
    const connection = stack.use(await openConnection(users.running.port));
    const request = n % 2 ? createUserRequest() : inChunks;
    const at = Math.floor((n / count) * unfinished(request));
    await connection.write(request.slice(0, at));
    waiting.push({ connection, rest: request.slice(at) });
  }
  await expectServing(users);
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

test("both services serve others while clients leave before their response", async (users, orders) => {
  for (const target of [users, orders]) {
    for (let n = 0; n < numRuns; n += 1) {
      using connection = await openConnection(target.running.port);
      await connection.write(
        n % 2 ? createUserRequest() : "GET /swagger HTTP/1.1\r\nHost: test\r\n\r\n",
      );
    }
    expect((await target.send(getting("/health"))).status).toBe(200);
  }
});
