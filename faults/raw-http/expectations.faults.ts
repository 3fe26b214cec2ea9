// Clients that wait for a 100 (Continue) before they send their body.
import { expect } from "bun:test";
import { createUser } from "../support/platform/resources.ts";
import { test, type Target } from "../support/platform/targets.ts";
import { problemOf, problemViolations } from "../support/problem-rules.ts";
import { openConnection, type Bytes } from "../support/raw-connection.ts";
import { chunked } from "../support/raw-request.ts";
import { userNames } from "./conversation.ts";
import { userText } from "./malformed-requests.ts";

const length = `Content-Length: ${userText.length}`;

/** The head of a request whose body a client has not sent yet. */
const head = (line: string, expectation: string, framing = length, type = "application/json") =>
  `${line} HTTP/1.1\r\nHost: test\r\nContent-Type: ${type}\r\n${framing}\r\nExpect: ${expectation}\r\n\r\n`;

/** The final response to a request whose client waits, and then sends another request. */
async function refusal({ running }: Target, request: string) {
  using connection = await openConnection(running.port);
  await connection.write(request);
  const response = await connection.response();
  expect(problemViolations(response)).toEqual([]);
  expect(response.headers.get("connection")).toBe("close");
  // Not one of these bytes is taken for the body, nor is the body taken for a request.
  await connection.write(`GET /users HTTP/1.1\r\nHost: test\r\n\r\n${userText}`);
  expect(await connection.responses()).toEqual([]);
  return { status: response.status, code: problemOf(response).code };
}

const bodies: [string, string, Bytes][] = [
  ["with its length", length, userText],
  ["in chunks", "Transfer-Encoding: chunked", chunked(Buffer.from(userText), 7)],
];

test.each(bodies)(
  "POST /users sends 100 before it gets the body, %s",
  async (_, framing, body, users) => {
    using connection = await openConnection(users.running.port);
    await connection.write(head("POST /users", "100-continue", framing));
    expect(await connection.interimStatus()).toBe(100);
    expect(await userNames(users)).toEqual([]);
    await connection.write(body);
    expect((await connection.response()).status).toBe(201);
  },
);

const spellings: [string][] = [
  ["100-Continue"],
  ["100-CONTINUE"],
  ["100-continue, 100-continue"],
  ["x, 100-continue"],
];

test.each(spellings)(
  "POST /users does not let a client wait that sends Expect: %s",
  async (spelling, users) => {
    const failed = { status: 417, code: "expectation-failed" };
    for (const framing of [length, "Transfer-Encoding: chunked"]) {
      expect(await refusal(users, head("POST /users", spelling, framing))).toEqual(failed);
    }
    expect(await userNames(users)).toEqual([]);
  },
);

test("POST /users tells a client that waits what else is wrong", async (users) => {
  const tooLong = "Content-Length: 1048577";
  for (const [request, status] of [
    [head("POST /nowhere", "100-Continue"), 404],
    [head("DELETE /users", "100-Continue"), 405],
    [head("POST /users", "100-Continue", tooLong), 413],
    [head("POST /users", "100-Continue", length, "text/plain"), 415],
  ] as const) {
    expect(await refusal(users, request)).toMatchObject({ status });
  }
});

const unknown: [string][] = [
  ["x"],
  ["100-continue;q=1"],
  ['"100-continue"'],
  ["101-continue"],
  [""],
];

test.each(unknown)("POST /users ignores Expect: %s", async (expectation, users) => {
  using connection = await openConnection(users.running.port);
  await connection.write(head("POST /users", expectation) + userText);
  expect((await connection.response()).status).toBe(201);
  expect(connection.isOpen).toBe(true);
});

test("DELETE /users/{id} needs no body, and takes no later bytes for one", async (users) => {
  const line = `DELETE /users/${await createUser(users.running)}`;
  using connection = await openConnection(users.running.port);
  await connection.write(head(line, "100-Continue"));
  const { status, headers } = await connection.response();
  expect([status, headers.get("connection")]).toEqual([204, "close"]);
  await connection.write("GET /users HTTP/1.1\r\nHost: test\r\n\r\n");
  expect(await connection.responses()).toEqual([]);
});
