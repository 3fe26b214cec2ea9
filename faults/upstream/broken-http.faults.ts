// user-service answers, but its HTTP is broken.
import { describe, expect, test } from "bun:test";
import { userJson } from "../support/platform/fake-user-service.ts";
import {
  httpResponse,
  drip,
  flood,
  respond,
  respondAndClose,
  respondAndReset,
} from "../support/upstream-behaviours.ts";
import { expectHarmless } from "./misbehaving-upstream.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { startOrders } from "./order-service-with-upstream.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const sized = (length: string) => `${ok}content-length: ${length}\r\n\r\n`;
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const chunk = (size: number) => `${size.toString(16)}\r\n${userJson}\r\n`;
const size = userJson.length;
const half = userJson.slice(0, 40);

describe("an answer that is not there in time", () => {
  const expected = { status: 503, counted: "timeout", isTriedAgain: true } as const;

  test.concurrent.each<[string, Behaviour]>([
    ["whose length is a lie: more was promised", respond(sized(String(size + 1)) + userJson)],
    ["without a length, on a connection that stays", respond(`${ok}\r\n${userJson}`)],
    ["whose last chunk is missing", respond(chunked + chunk(size))],
    ["whose chunk is longer than it is", respond(chunked + chunk(size + 99))],
    ["of one byte at a time", drip(sized(String(size)), userJson)],
    ["of one byte at a time, from the first line on", drip("", `${ok}\r\n`)],
    ["with a header that grows by the byte", drip(`${ok}x: `, "x")],
    [
      "that says no, by the byte",
      drip("HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\n", "no"),
    ],
  ])("%s: the caller is told to come back later", async (_, behaviour) => {
    await expectHarmless(behaviour, expected);
  });

  test.each<[string, Behaviour]>([
    ["announced for ever", flood("", "HTTP/1.1 100 Continue\r\n\r\n")],
    ["whose chunk has notes without end", flood(`${chunked}5;`, "x")],
    ["whose trailer never ends", flood(`${chunked}0\r\n`, "x: y\r\n")],
  ])("%s, as fast as it is taken: the caller is told to come back later", async (_, behaviour) => {
    await expectHarmless(behaviour, expected);
  });
});

describe("what is no HTTP answer", () => {
  test.each<[string, Behaviour]>([
    ["a greeting", respondAndClose("220 mail.example.com ESMTP\r\n")],
    ["the user without a header", respondAndClose(userJson)],
    ["the user without a header, on a connection that stays", respond(userJson)],
    ["binary", respondAndClose(Buffer.alloc(4096, 0xfe))],
    ["zeros", respond(Buffer.alloc(4096))],
    ["TLS", respondAndClose(Buffer.from("15030100020246", "hex"))],
    ["HTTP 9.9", respond(httpResponse("200 OK", userJson).toString().replace("1.1", "9.9"))],
    ["a status of two digits", respond(httpResponse("99 Few", userJson))],
    ["a status of five digits", respond(httpResponse("20000 Many", userJson))],
    ["a status in words", respond(httpResponse("Fine OK", userJson))],
    ["an announcement and no more", respondAndClose("HTTP/1.1 100 Continue\r\n\r\n")],
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
    ["a header without a name", respond(httpResponse("200 OK", userJson, "nonsense"))],
    ["a header of many lines", flood(ok, "x-many: lines\r\n", 1e8)],
    ["a header of many lines, without end", flood(ok, `x-many: ${"x".repeat(1000)}\r\n`)],
    ["a line without end", flood(`${ok}x: `, "x")],
    ["a status without end", flood("HTTP/1.1 200 ", "O")],
  ])("%s: asked again, then the caller is told to come back later", async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 503, counted: "error", isTriedAgain: true });
  });
});

describe("an answer that breaks off", () => {
  test.each<[string, Behaviour]>([
    ["in its body", respondAndClose(sized(String(size)) + half)],
    ["in its body, with a reset", respondAndReset(sized(String(size)) + half)],
    ["before its body", respondAndClose(sized(String(size)))],
    ["in a chunk", respondAndClose(`${chunked}${size.toString(16)}\r\n${half}`)],
    ["before its last chunk", respondAndClose(chunked + chunk(size))],
    ["at a chunk without a size", respond(`${chunked}zz\r\n${userJson}\r\n0\r\n\r\n`)],
    ["at a chunk beyond all numbers", respond(`${chunked}${"f".repeat(40)}\r\n${userJson}`)],
    ["while it says no", respondAndClose("HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\nno")],
    [
      "while it tells of a failure",
      respondAndClose("HTTP/1.1 500 X\r\ncontent-length: 99\r\n\r\nno"),
    ],
  ])("%s is no answer: asked again, refused, nothing stored", async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 502, counted: "error", isTriedAgain: true });
  });
});

describe("an answer of 50 MB", () => {
  const most = 50 * 1024 * 1024;
  test.each<[string, Behaviour, string]>([
    ["that says so", flood(sized(String(most)), "x", most), "200"],
    ["without a length", flood(`${ok}\r\n`, "x", most), "200"],
    ["in one chunk", flood(`${chunked}${most.toString(16)}\r\n`, "x", most), "200"],
    ["in chunks of a byte", flood(chunked, "1\r\nx\r\n", most), "200"],
    ["whose end is missing", flood(sized(String(most * 2)), " ", most), "200"],
    ["in another format", flood(`HTTP/1.1 418 Teapot\r\n\r\n`, "x", most), "418"],
  ])("%s is not read on, and the order refused at once", async (_, behaviour, counted) => {
    await expectHarmless(behaviour, { status: 502, counted, isTriedAgain: false });
  });

  test("that tells of a failure is not read on, and asked for again", async () => {
    const behaviour = flood("HTTP/1.1 500 X\r\n\r\n", "x", most);
    await expectHarmless(behaviour, { status: 502, counted: "500", isTriedAgain: true });
  });
});

test.each<[string, Behaviour]>([
  [
    "of HTTP/1.0, which ends with its connection",
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
    "after a hundred announcements",
    respond(
      "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(100) +
        httpResponse("200 OK", userJson).toString(),
    ),
  ],
])("a yes %s is a yes", async (_, behaviour) => {
  await using upstream = await startFakeUpstream(behaviour);
  await using orders = await startOrders(upstream.url);
  for (const n of [1, 2]) expect((await orders.place(n)).status).toBe(201);
  expect(await orders.stored()).toHaveLength(2);
});
