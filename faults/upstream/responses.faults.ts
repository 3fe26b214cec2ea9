// user-service sends correct HTTP with the wrong content or status.
import { expect, test } from "bun:test";
import { user, userJson, healthy } from "../support/platform/fake-user-service.ts";
import { type Bytes } from "../support/raw-connection.ts";
import { httpResponse, flood, respond } from "../support/upstream-behaviours.ts";
import { expectHarmless } from "./misbehaving-upstream.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { startOrderService } from "./order-service-with-upstream.ts";

const nested = `{"id":"${user.id}","x":${"[".repeat(9e4)}${"]".repeat(9e4)}}`;
const withByte = (byte: number) =>
  Buffer.concat([
    Buffer.from(userJson.slice(0, -1)),
    Buffer.from([0x2c, 0x22, byte, 0x22, 0x3a, 0x30, 0x7d]),
  ]);
const with200 = (value: unknown) => respond(httpResponse("200 OK", JSON.stringify(value)));

test.each<[string, Behaviour]>([
  ["garbage", respond(httpResponse("200 OK", "{not json"))],
  [
    "HTML",
    respond(httpResponse("200 OK", "<html><body>Welcome</body></html>", "content-type: text/html")),
  ],
  ["nothing", respond(httpResponse("200 OK"))],
  ["white space", respond(httpResponse("200 OK", " \r\n"))],
  ["zero bytes", respond(httpResponse("200 OK", Buffer.alloc(100)))],
  ["half a user", respond(httpResponse("200 OK", userJson.slice(0, -20)))],
  ["a user and more", respond(httpResponse("200 OK", `${userJson}{}`))],
  ["a user whose text is no UTF-8", respond(httpResponse("200 OK", withByte(0xff)))],
  [
    "a compressed user",
    respond(httpResponse("200 OK", Buffer.from(Bun.gzipSync(userJson)), "content-encoding: gzip")),
  ],
  ["a user deep in brackets", respond(httpResponse("200 OK", nested))],
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
  ["201", httpResponse("201 Created", userJson)],
  ["202", httpResponse("202 Accepted", userJson)],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n"],
  ["204 with a body", httpResponse("204 No Content", userJson)],
  ["205", httpResponse("205 Reset Content")],
  ["206", httpResponse("206 Partial Content", userJson, "content-range: bytes 0-9/99")],
  ["300", httpResponse("300 Multiple Choices", userJson)],
  ["304", "HTTP/1.1 304 Not Modified\r\n\r\n"],
  ["304 with a body", httpResponse("304 Not Modified", userJson)],
  ["400", httpResponse("400 Bad Request", "{}")],
  ["401", httpResponse("401 Unauthorized", "{}", "www-authenticate: Basic")],
  ["403", httpResponse("403 Forbidden", userJson)],
  ["407", httpResponse("407 Proxy Authentication Required", "", "proxy-authenticate: Basic")],
  ["408", httpResponse("408 Request Timeout", "", "connection: close")],
  ["410", httpResponse("410 Gone", "{}")],
  ["422", httpResponse("422 Unprocessable Content", "{}")],
  ["499", httpResponse("499 Unheard Of", userJson)],
])("POST /orders is refused and stores nothing if user-service sends %s", async (name, bytes) => {
  const counted = name.slice(0, 3);
  await expectHarmless(respond(bytes), { status: 502, counted, isRetried: false });
});

test.each<[string, Bytes]>([
  ["500", httpResponse("500 Internal Server Error", "{}")],
  ["500 with the user", httpResponse("500 Internal Server Error", userJson)],
  [
    "500 with garbage",
    httpResponse("500 Internal Server Error", "\0{", "content-type: application/json"),
  ],
  ["501", httpResponse("501 Not Implemented")],
  ["502", httpResponse("502 Bad Gateway", "<html>", "content-type: text/html")],
  ["599", httpResponse("599 Unheard Of")],
  ["999", httpResponse("999 No Such Status", userJson)],
])(
  "POST /orders is refused and stores nothing after retries if user-service keeps sending %s",
  async (name, bytes) => {
    const counted = name.slice(0, 3);
    await expectHarmless(respond(bytes), { status: 502, counted, isRetried: true });
  },
);

test.each<[string, Bytes]>([
  ["429", httpResponse("429 Too Many Requests", "", "retry-after: 86400")],
  ["503", httpResponse("503 Service Unavailable", userJson, "retry-after: 86400")],
  ["504", httpResponse("504 Gateway Timeout")],
])(
  "POST /orders gets 503 with Retry-After if user-service keeps sending %s",
  async (name, bytes) => {
    await expectHarmless(respond(bytes), { status: 503, counted: name, isRetried: true });
  },
);

test.each<[string, Behaviour]>([
  ["nothing", respond(httpResponse("404 Not Found"))],
  ["garbage", respond(httpResponse("404 Not Found", "\0<{", "content-type: application/json"))],
  ["the user", respond(httpResponse("404 Not Found", userJson))],
  [
    "a body that is not compressed as declared",
    respond(httpResponse("404 Not Found", "no", "content-encoding: gzip")),
  ],
  ["an endless body", flood("HTTP/1.1 404 Not Found\r\n\r\n", "no such user\n")],
])("POST /orders gets 400 if user-service sends 404 with %s", async (_, behaviour) => {
  await expectHarmless(behaviour, { status: 400, counted: "404", isRetried: false });
});

test.each(["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])(
  "POST /orders follows no redirect of user-service: %s",
  async (status) => {
    await using other = await startFakeUpstream(healthy);
    for (const location of [`${other.url}/users/${user.id}`, `/users/${user.id}`, "", "\t::"]) {
      const behaviour = respond(httpResponse(status, userJson, `location: ${location}`));
      const counted = status.slice(0, 3);
      await expectHarmless(behaviour, { status: 502, counted, isRetried: false });
    }
    expect(other.calls).toBe(0);
  },
);

test.each<[string, Bytes]>([
  ["unknown fields", httpResponse("200 OK", JSON.stringify({ ...user, x: [{}] }))],
  ["a byte order mark", httpResponse("200 OK", `\u{feff}${userJson}`)],
  ["another media type", httpResponse("200 OK", userJson, "content-type: text/plain")],
  [
    "Early Hints before it",
    Buffer.concat([
      Buffer.from("HTTP/1.1 103 Early Hints\r\n\r\n"),
      httpResponse("200 OK", userJson),
    ]),
  ],
])("POST /orders accepts a user with %s", async (_, bytes) => {
  await using upstream = await startFakeUpstream(respond(bytes));
  await using orders = await startOrderService(upstream.url);
  expect((await orders.place(1)).status).toBe(201);
  expect(await orders.stored()).toHaveLength(1);
});
