import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { hasBody, isJsonType, noBody, parseJsonBody } from "../../src/http/body-parser.ts";
import { bodyOf } from "../../testing/running-service.ts";
import { startSample } from "../../testing/sample-service.ts";
import { exchange, post } from "./requests.ts";

const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const json = { "content-type": "application/json" };

describe("isJsonType()", () => {
  test.each([
    "application/json",
    "Application/JSON",
    "application/json ; charset=utf-8",
    'application/json;charset="UTF-8"',
    "application/json; charset=utf8",
    "application/json; profile=x; charset=utf-8",
    "application/merge-patch+json",
    "application/vnd.a.b-c+json; v=1",
    " application/json ",
  ])("accepts %j", (type) => {
    expect(isJsonType(type)).toBe(true);
  });

  test.each([
    null,
    "",
    "json",
    "text/json",
    "text/plain",
    "application/jsonx",
    "application/json5",
    "application/x-json",
    "application/+json",
    "application/json, text/plain",
    "application/json; charset=latin1",
    "application/json; charset=utf-16",
    "text/plain; a=application/json",
    "multipart/form-data; boundary=application/json",
  ])("rejects %j", (type) => {
    expect(isJsonType(type)).toBe(false);
  });

  test.each([
    ["blanks", `application/json${" ".repeat(100_000)}x`],
    ["plus signs", `application/${"+".repeat(100_000)}`],
    ["parameters", `application/json${"; charset".repeat(20_000)}`],
  ])(
    "takes no more than linear time for many %s",
    (_, type) => {
      expect(isJsonType(type)).toBe(type.endsWith("charset"));
    },
    500,
  );
});

describe("hasBody()", () => {
  test.each([
    ["no body", post(null), false],
    ["a length of 0", post(null, "0"), false],
    ["a length of 5", post("12345", "5"), true],
    ["a body without a length", post(new ReadableStream()), true],
  ])("of a request with %s", (_, request, expected) => {
    expect(hasBody(request)).toBe(expected);
  });
});

describe("parseJsonBody()", () => {
  test.each([
    ['{"a":[1,"\\u00e9"]}', { a: [1, "é"] }],
    [" null ", null],
    ["0", 0],
    ['\ufeff"x"', "x"],
    ["", noBody],
  ])("reads %j", (body, expected) => {
    expect(parseJsonBody(new TextEncoder().encode(body))).toEqual(expected);
  });

  test.each([
    ["a cut value", "{"],
    ["two values", "1 2"],
    ["NaN", "NaN"],
    ["a trailing comma", "[1,]"],
    ["blanks", "  "],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xc3, 0x22])],
    ["UTF-16", new Uint8Array([0x22, 0x00, 0x61, 0x00, 0x22, 0x00])],
  ])("rejects %s", (_, body) => {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    expect(() => parseJsonBody(bytes)).toThrow("Body is not valid JSON");
  });
});

describe("bodyParser()", () => {
  test.each([
    ["text", "text/plain", 415],
    ["a form", "application/x-www-form-urlencoded", 415],
    ["JSON in another charset", "application/json; charset=latin1", 415],
    ["a type that begins like JSON", "application/jsonx", 415],
    ["JSON in capitals", "Application/JSON", 200],
    ["JSON with its charset", 'application/json;charset="UTF-8"', 200],
    ["a kind of JSON", "application/vnd.note+json", 200],
  ])("responds to %s (%s) with %i %p", async (_, type, status) => {
    await using service = await startSample();
    const response = await service.request("/notes", {
      headers: { "content-type": type },
      body: '{"text":"hello"}',
    });
    expect(response.status).toBe(status);
  });

  test("rejects a body without a type", async () => {
    await using service = await startSample();
    const body = new TextEncoder().encode('{"text":"hello"}');
    const response = await service.request("/notes", { method: "POST", body });
    expect(response.status).toBe(415);
  });

  test("rejects a compressed body", async () => {
    await using service = await startSample();
    const response = await service.request("/notes", {
      headers: { ...json, "content-encoding": "gzip" },
      body: Bun.gzipSync('{"text":"hello"}'),
    });
    expect(response.status).toBe(415);
  });

  test.each([
    ["cut off", '{"text":'],
    ["two documents", "{}{}"],
    ["in single quotes", "{'text':'x'}"],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
  ])("rejects JSON that is %s", async (_, body) => {
    await using service = await startSample();
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(400);
  });

  test("rejects a too large body, declared or in chunks, and keeps the connection", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
    const fits = JSON.stringify({ text: "hello", padding: "x".repeat(900) });
    expect((await service.request("/notes", { headers: json, body: fits })).status).toBe(200);
    const long = JSON.stringify({ text: "hello", padding: "x".repeat(1000) });
    const declared = await service.request("/notes", { headers: json, body: long });
    expect(declared.status).toBe(413);
    const chunked = await service.request("/notes", {
      headers: json,
      body: new Blob([long]).stream(),
    });
    expect(chunked.status).toBe(413);
    const size = long.length.toString(16);
    const received = await exchange(
      service.port,
      `POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${long}\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n`,
      (received) => received.includes('"ok"'),
    );
    expect(received).toContain("HTTP/1.1 413");
  });

  test("lets a client that is still sending a large body read the 413", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
    const body = "x".repeat(1_100_000);
    const request = `POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const next = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    const received = await exchange(service.port, request + next, (received) =>
      received.includes('"ok"'),
    );
    expect(received).toContain("HTTP/1.1 413");
    expect(received).toContain('"status":413');
    expect(received).toContain("HTTP/1.1 200");
  });

  test("checks route, size, type, JSON and schema in this order", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 10 } });
    const text = { "content-type": "text/plain" };
    const status = async (path: string, sent: Parameters<typeof service.request>[1]) =>
      (await service.request(path, sent)).status;
    const long = "x".repeat(20);
    expect(await status("/nowhere", { headers: text, body: long })).toBe(404);
    expect(await status(`/notes/${id}`, { headers: text, body: long })).toBe(405);
    expect(await status("/notes", { headers: text, body: long })).toBe(413);
    expect(await status("/notes", { headers: text, body: "x" })).toBe(415);
    expect(await status("/notes", { headers: json, body: "x" })).toBe(400);
    expect(await status("/notes", { headers: json, body: "{}" })).toBe(422);
  });

  test.each([
    ["in an unknown member", '{"text":"hello","x":', "}"],
    ["in place of text", '{"text":', "}"],
    ["as the whole body", "", ""],
  ])("rejects absurd nesting %s", async (_, before, after) => {
    await using service = await startSample();
    const body = `${before}${"[".repeat(200_000)}${"]".repeat(200_000)}${after}`;
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(400);
  });

  test("accepts brackets in text and harmless nesting", async () => {
    await using service = await startSample();
    const deep = `${"[".repeat(400)}"\\"]]"${"]".repeat(400)}`;
    const body = `{"text":"[[[","x":${deep},"y":"${"[".repeat(1000)}"}`;
    expect((await service.request("/notes", { headers: json, body })).status).toBe(200);
  });

  test("does not copy a large invalid body into an error", async () => {
    await using service = await startSample();
    const body = `{"text":[${"{},".repeat(300_000)}{}]}`;
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors).toHaveLength(1);
  });

  test("takes an empty body in chunks for no body", async () => {
    await using service = await startSample();
    const received = await exchange(
      service.port,
      "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      (received) => received.includes("}"),
    );
    expect(received).toContain("HTTP/1.1 422");
  });

  test("takes JSON null for a body of the wrong type", async () => {
    await using service = await startSample();
    const response = await service.request("/notes", { headers: json, body: "null" });
    expect((await bodyOf(response)).errors?.[0]?.pointer).toBe("#");
  });

  test("ignores the body of a GET", async () => {
    await using service = await startSample();
    const received = await exchange(
      service.port,
      `GET /notes/${id} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`,
      (received) => received.includes("found"),
    );
    expect(received).toContain("HTTP/1.1 200");
  });

  test("a client that leaves in the middle of its body is a 400 in the log, not an error", async () => {
    await using service = await startSample();
    await exchange(
      service.port,
      "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
      () => true,
      { halfCloses: true },
    );
    await service.logged("request");
    expect(service.lines.at(-1)).toMatchObject({ level: "info", status: 400 });
  });

  test("does not count requests as in flight while their bodies arrive", async () => {
    await using service = await startSample({ limits: { maxInFlight: 1 } });
    const slow = Array.from({ length: 5 }, async () => {
      const socket = connect(service.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write("POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
      socket.write("Content-Length: 12\r\n\r\n{");
      return socket;
    });
    const sockets = await Promise.all(slow);
    for (let n = 0; n < 10; n += 1) {
      expect((await service.request("/notes", { json: { text: "x" } })).status).toBe(200);
    }
    expect(await service.metric("http_requests_in_flight")).toBe(0);
    for (const socket of sockets) {
      const responded = once(socket, "data");
      socket.write('"text":"y"}');
      expect(String(await responded)).toStartWith("HTTP/1.1 200");
      socket.end();
    }
  });
});
