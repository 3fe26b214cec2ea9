// user-service responds in broken HTTP.
import { describe, expect, test } from "bun:test";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { userJson } from "../support/platform/fake-user-service.ts";
import {
  drip,
  flood,
  http,
  respond,
  respondAndClose,
  respondAndReset,
} from "../support/upstream-behaviours.ts";
import { expectHarmless } from "./misbehaving-upstream.ts";
import { startOrderService } from "./order-service-with-upstream.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const sized = (length: string) => `${ok}content-length: ${length}\r\n\r\n`;
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const chunk = (size: number) => `${size.toString(16)}\r\n${userJson}\r\n`;
const size = userJson.length;
const half = userJson.slice(0, 40);

describe("POST /orders gets 503 in time if user-service's response is", () => {
  const expected = { status: 503, counted: "timeout", isRetried: true } as const;

  test.concurrent.each<[string, Behaviour]>([
    ["shorter than its Content-Length", respond(sized(String(size + 1)) + userJson)],
    ["without a length, on a connection that stays open", respond(`${ok}\r\n${userJson}`)],
    ["without its last chunk", respond(chunked + chunk(size))],
    ["shorter than its chunk size", respond(chunked + chunk(size + 99))],
    ["sent byte by byte", drip(sized(String(size)), userJson)],
    ["sent byte by byte, from the first line on", drip("", `${ok}\r\n`)],
    ["a header that grows byte by byte", drip(`${ok}x: `, "x")],
    ["a 404 sent byte by byte", drip("HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\n", "no")],
  ])("%s", async (_, behaviour) => {
    await expectHarmless(behaviour, expected);
  });

  test.each<[string, Behaviour]>([
    ["an endless series of interim responses", flood("", "HTTP/1.1 100 Continue\r\n\r\n")],
    ["an endless chunk extension", flood(`${chunked}5;`, "x")],
    ["an endless trailer", flood(`${chunked}0\r\n`, "x: y\r\n")],
  ])("%s, as fast as it is read", async (_, behaviour) => {
    await expectHarmless(behaviour, expected);
  });
});

describe("POST /orders gets 503 after retries if user-service's response is not HTTP:", () => {
  test.each<[string, Behaviour]>([
    ["a greeting", respondAndClose("220 mail.example.com ESMTP\r\n")],
    ["the user without a header", respondAndClose(userJson)],
    ["the user without a header, on a connection that stays open", respond(userJson)],
    ["binary", respondAndClose(Buffer.alloc(4096, 0xfe))],
    ["zeros", respond(Buffer.alloc(4096))],
    ["TLS", respondAndClose(Buffer.from("15030100020246", "hex"))],
    ["HTTP 9.9", respond(http("200 OK", userJson).toString().replace("1.1", "9.9"))],
    ["a status of two digits", respond(http("99 Few", userJson))],
    ["a status of five digits", respond(http("20000 Many", userJson))],
    ["a status in words", respond(http("Fine OK", userJson))],
    ["an interim response and no more", respondAndClose("HTTP/1.1 100 Continue\r\n\r\n")],
    [
      "another protocol",
      respond("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    ],
    ["a negative length", respond(sized("-1") + userJson)],
    ["a length in words", respond(sized("some") + userJson)],
    ["a length beyond all numbers", respond(sized("9".repeat(40)) + userJson)],
    [
      "two lengths",
      respond(`${ok}content-length: 3\r\n${sized(String(size)).slice(ok.length)}${userJson}`),
    ],
    ["an unknown transfer encoding", respond(`${ok}transfer-encoding: x\r\n\r\n${userJson}`)],
    ["a header without a name", respond(http("200 OK", userJson, "nonsense"))],
    ["a header of many lines", flood(ok, "x-many: lines\r\n", 1e8)],
    ["a header of many lines, without end", flood(ok, `x-many: ${"x".repeat(1000)}\r\n`)],
    ["a line without end", flood(`${ok}x: `, "x")],
    ["a status without end", flood("HTTP/1.1 200 ", "O")],
  ])("%s", async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 503, counted: "error", isRetried: true });
  });
});

describe("POST /orders gets 502 after retries if user-service's response breaks off", () => {
  test.each<[string, Behaviour]>([
    ["in its body", respondAndClose(sized(String(size)) + half)],
    ["in its body, with a reset", respondAndReset(sized(String(size)) + half)],
    ["before its body", respondAndClose(sized(String(size)))],
    ["in a chunk", respondAndClose(`${chunked}${size.toString(16)}\r\n${half}`)],
    ["before its last chunk", respondAndClose(chunked + chunk(size))],
    ["at a chunk without a size", respond(`${chunked}zz\r\n${userJson}\r\n0\r\n\r\n`)],
    ["at a chunk beyond all numbers", respond(`${chunked}${"f".repeat(40)}\r\n${userJson}`)],
    ["in a 404", respondAndClose("HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\nno")],
  ])("%s", async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 502, counted: "error", isRetried: true });
  });
});

describe("POST /orders gets what the status says if a body that says nothing breaks off", () => {
  test.each([
    [500, 502],
    [503, 503],
  ] as const)("in a %i", async (sent, status) => {
    const behaviour = respondAndClose(`HTTP/1.1 ${sent} X\r\ncontent-length: 99\r\n\r\nno`);
    await expectHarmless(behaviour, { status, counted: String(sent), isRetried: true });
  });
});

describe("POST /orders gets 502 without reading on if user-service sends 50 MB", () => {
  const maxBytes = 50 * 1024 * 1024;
  test.each<[string, Behaviour, string]>([
    ["with their length", flood(sized(String(maxBytes)), "x", maxBytes), "200"],
    ["without a length", flood(`${ok}\r\n`, "x", maxBytes), "200"],
    ["in one chunk", flood(`${chunked}${maxBytes.toString(16)}\r\n`, "x", maxBytes), "200"],
    ["in chunks of a byte", flood(chunked, "1\r\nx\r\n", maxBytes), "200"],
    ["without their end", flood(sized(String(maxBytes * 2)), " ", maxBytes), "200"],
    ["with another status", flood(`HTTP/1.1 418 Teapot\r\n\r\n`, "x", maxBytes), "418"],
  ])("%s", async (_, behaviour, counted) => {
    await expectHarmless(behaviour, { status: 502, counted, isRetried: false });
  });

  test("with a 500, after retries", async () => {
    const behaviour = flood("HTTP/1.1 500 X\r\n\r\n", "x", maxBytes);
    await expectHarmless(behaviour, { status: 502, counted: "500", isRetried: true });
  });
});

test.each<[string, Behaviour]>([
  [
    "in HTTP/1.0, ended by closing the connection",
    respondAndClose(`HTTP/1.0 200 OK\r\n\r\n${userJson}`),
  ],
  [
    "in chunks of a byte",
    respond(
      `${chunked}${userJson
        .split("")
        .map((c) => `1\r\n${c}\r\n`)
        .join("")}0\r\n\r\n`,
    ),
  ],
  [
    "after a hundred interim responses",
    respond(
      "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(100) +
        http("200 OK", userJson).toString(),
    ),
  ],
])("POST /orders accepts a user %s", async (_, behaviour) => {
  await using upstream = await startFakeUpstream(behaviour);
  await using orders = await startOrderService(upstream.url);
  for (const n of [1, 2]) expect((await orders.place(n)).status).toBe(201);
  expect(await orders.stored()).toHaveLength(2);
});
