// user-service sends correct HTTP with the wrong content or status.
import { expect, test } from "bun:test";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { healthy, user, userJson, userNotFound } from "../support/platform/fake-user-service.ts";
import type { Bytes } from "../support/raw-connection.ts";
import { flood, http, respond } from "../support/upstream-behaviours.ts";
import { expectHarmless } from "./misbehaving-upstream.ts";
import { startOrderService } from "./order-service-with-upstream.ts";

const nested = `{"id":"${user.id}","x":${"[".repeat(9e4)}${"]".repeat(9e4)}}`;
const withByte = (byte: number) =>
  Buffer.concat([
    Buffer.from(userJson.slice(0, -1)),
    Buffer.from([0x2c, 0x22, byte, 0x22, 0x3a, 0x30, 0x7d]),
  ]);
const notFound = JSON.stringify({ title: "Not Found", detail: "User not found" });
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const with200 = (value: unknown) => respond(http("200 OK", JSON.stringify(value)));

test.each<[string, Behaviour]>([
  ["garbage", respond(http("200 OK", "{not json"))],
  ["HTML", respond(http("200 OK", "<html><body>Welcome</body></html>", "content-type: text/html"))],
  ["nothing", respond(http("200 OK"))],
  ["white space", respond(http("200 OK", " \r\n"))],
  ["zero bytes", respond(http("200 OK", Buffer.alloc(100)))],
  ["half a user", respond(http("200 OK", userJson.slice(0, -20)))],
  ["a user and more", respond(http("200 OK", `${userJson}{}`))],
  ["a user whose text is not UTF-8", respond(http("200 OK", withByte(0xff)))],
  [
    "a compressed user",
    respond(http("200 OK", Buffer.from(Bun.gzipSync(userJson)), "content-encoding: gzip")),
  ],
  ["a user deep in brackets", respond(http("200 OK", nested))],
  ["another user", with200({ ...user, id: user.id.replace("0", "1") })],
  ["the user's id in capitals", with200({ ...user, id: user.id.toUpperCase() })],
  ["the user without an id", with200({ ...user, id: undefined })],
  ["the user's id alone", with200({ id: user.id })],
  ["a list with the user", with200([user])],
  ["the user's id as text", with200(user.id)],
  ["true", with200(true)],
  ["null", with200(null)],
  ["a problem document", with200({ status: 404, detail: "User not found" })],
])(
  "POST /orders is refused and stores nothing if user-service sends 200 with %s",
  async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 502, counted: "200", isRetried: false });
  },
);

test.each<[string, Bytes]>([
  ["201", http("201 Created", userJson)],
  ["202", http("202 Accepted", userJson)],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n"],
  ["204 with a body", http("204 No Content", userJson)],
  ["205", http("205 Reset Content")],
  ["206", http("206 Partial Content", userJson, "content-range: bytes 0-9/99")],
  ["300", http("300 Multiple Choices", userJson)],
  ["304", "HTTP/1.1 304 Not Modified\r\n\r\n"],
  ["304 with a body", http("304 Not Modified", userJson)],
  ["400", http("400 Bad Request", "{}")],
  ["401", http("401 Unauthorized", "{}", "www-authenticate: Basic")],
  ["403", http("403 Forbidden", userJson)],
  ["407", http("407 Proxy Authentication Required", "", "proxy-authenticate: Basic")],
  ["408", http("408 Request Timeout", "", "connection: close")],
  ["410", http("410 Gone", "{}")],
  ["422", http("422 Unprocessable Content", "{}")],
  ["499", http("499 Unheard Of", userJson)],
])("POST /orders is refused and stores nothing if user-service sends %s", async (name, bytes) => {
  const counted = name.slice(0, 3);
  await expectHarmless(respond(bytes), { status: 502, counted, isRetried: false });
});

test.each<[string, Bytes]>([
  ["500", http("500 Internal Server Error", "{}")],
  ["500 with the user", http("500 Internal Server Error", userJson)],
  ["500 with garbage", http("500 Internal Server Error", "\0{", "content-type: application/json")],
  ["501", http("501 Not Implemented")],
  ["502", http("502 Bad Gateway", "<html>", "content-type: text/html")],
  ["599", http("599 Unheard Of")],
  ["999", http("999 No Such Status", userJson)],
])(
  "POST /orders is refused and stores nothing after retries if user-service keeps sending %s",
  async (name, bytes) => {
    const counted = name.slice(0, 3);
    await expectHarmless(respond(bytes), { status: 502, counted, isRetried: true });
  },
);

test.each<[string, Bytes]>([
  ["429", http("429 Too Many Requests", "", "retry-after: 86400")],
  ["503", http("503 Service Unavailable", userJson, "retry-after: 86400")],
  ["504", http("504 Gateway Timeout")],
])(
  "POST /orders gets 503 with Retry-After if user-service keeps sending %s",
  async (name, bytes) => {
    await expectHarmless(respond(bytes), { status: 503, counted: name, isRetried: true });
  },
);

test.each<[string, Behaviour]>([
  ["nothing", respond(http("404 Not Found"))],
  ["garbage", respond(http("404 Not Found", "\0<{", "content-type: application/json"))],
  ["the user", respond(http("404 Not Found", userJson))],
  ["another service's problem", respond(http("404 Not Found", '{"detail":"Not Found"}'))],
  ["its text as a page", respond(http("404 Not Found", "User not found"))],
  [
    "a body that is not compressed as declared",
    respond(http("404 Not Found", "no", "content-encoding: gzip")),
  ],
  ["an endless body", flood("HTTP/1.1 404 Not Found\r\n\r\n", "no such user\n")],
])("POST /orders gets 502 if a service sends 404 with %s", async (_, behaviour) => {
  await expectHarmless(behaviour, { status: 502, counted: "404", isRetried: false });
});

test.each<[string, Bytes]>([
  [
    "as a problem document",
    http("404 Not Found", notFound, "content-type: application/problem+json"),
  ],
  ["as text", http("404 Not Found", notFound, "content-type: text/plain")],
  ["without a media type", userNotFound],
  [
    "in chunks",
    `HTTP/1.1 404 X\r\ntransfer-encoding: chunked\r\n\r\n${chunk(notFound)}${chunk("")}`,
  ],
])("POST /orders gets 400 if user-service sends its 404 %s", async (_, bytes) => {
  await expectHarmless(respond(bytes), { status: 400, counted: "404", isRetried: false });
});

test.each(["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])(
  "POST /orders follows no redirect of user-service: %s",
  async (status) => {
    await using other = await startFakeUpstream(healthy);
    for (const location of [`${other.url}/users/${user.id}`, `/users/${user.id}`, "", "\t::"]) {
      const behaviour = respond(http(status, userJson, `location: ${location}`));
      const counted = status.slice(0, 3);
      await expectHarmless(behaviour, { status: 502, counted, isRetried: false });
    }
    expect(other.calls).toBe(0);
  },
);

test.each<[string, Bytes]>([
  ["unknown fields", http("200 OK", JSON.stringify({ ...user, x: [{}] }))],
  ["a byte order mark", http("200 OK", `\u{feff}${userJson}`)],
  ["another media type", http("200 OK", userJson, "content-type: text/plain")],
  [
    "Early Hints before it",
    Buffer.concat([Buffer.from("HTTP/1.1 103 Early Hints\r\n\r\n"), http("200 OK", userJson)]),
  ],
])("POST /orders accepts a user with %s", async (_, bytes) => {
  await using upstream = await startFakeUpstream(respond(bytes));
  await using orders = await startOrderService(upstream.url);
  expect((await orders.place(1)).status).toBe(201);
  expect(await orders.stored()).toHaveLength(1);
});
