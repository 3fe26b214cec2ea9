import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { bodyParser, noBody, parseJsonBody } from "../../src/http/body-parser.ts";
import { concurrencyLimiter } from "../../src/http/load-shedding.ts";
import { bodyOf } from "../../testing/running-service.ts";
import { startSample } from "../../testing/sample-service.ts";
import { exchange, post } from "./requests.ts";

const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const json = { "content-type": "application/json" };
const hello = new TextEncoder().encode('{"text":"hello"}');

type HeaderFields = Record<string, string>;

/** The response of a new service to `POST /notes`. */
async function postNote(body: string | Uint8Array<ArrayBuffer>, headers: HeaderFields = json) {
  await using service = await startSample();
  return await service.request("/notes", { method: "POST", headers, body });
}

/** Header fields of a response by name; null for those that it does not have. */
function fieldsOf({ headers }: Response, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, headers.get(name)]));
}

/** What a new service sends, until `until`, for a request with these lines and then `rest`. */
async function sendRaw(lines: string[], rest: string, until?: string): Promise<string> {
  await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
  const header = [...lines, "Host: a", "Content-Type: application/json"].join("\r\n");
  return await exchange(service.port, `${header}\r\n\r\n${rest}`, { until });
}

describe("bodyParser().headerProblem()", () => {
  const { headerProblem } = bodyParser(1000, concurrencyLimiter(1));

  test.each<[string, Request, 415 | undefined]>([
    ["no body", post(null), undefined],
    ["a length of 0", post(null, "0"), undefined],
    ["a length of 5", post("12345", "5"), 415],
    ["a body without a length", post(new ReadableStream()), 415],
  ])("asks for a type where there is a body: %s", (_, request, status) => {
    expect(headerProblem(request)?.status).toBe(status);
  });

  test.each<[string, string, 415 | undefined]>([
    ["blanks", `application/json${" ".repeat(100_000)}x`, 415],
    ["plus signs", `application/${"+".repeat(100_000)}`, 415],
    ["parameters", `application/json${"; charset".repeat(20_000)}`, undefined],
  ])(
    "takes no more than linear time for a Content-Type with many %s",
    (_, type, status) => {
      const headers = { "content-type": type };
      const request = new Request("http://a/", { method: "POST", headers, body: hello });
      expect(headerProblem(request)?.status).toBe(status);
    },
    500,
  );
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
});

describe("bodyParser() and header fields", () => {
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
  ])("accepts a Content-Type of %j", async (type) => {
    expect((await postNote(hello, { "content-type": type })).status).toBe(200);
  });

  test.each([
    "",
    "json",
    "text/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonx",
    "application/json5",
    "application/x-json",
    "application/+json",
    "application/json, text/plain",
    "application/json; charset=latin1",
    "application/json; charset=utf-16",
    "text/plain; a=application/json",
    "multipart/form-data; boundary=application/json",
  ])("rejects a Content-Type of %j", async (type) => {
    expect((await postNote(hello, { "content-type": type })).status).toBe(415);
  });

  test.each([
    ["a body without a type", {}, hello],
    ["a compressed body", { ...json, "content-encoding": "gzip" }, Bun.gzipSync(hello)],
  ])("rejects %s", async (_, headers, body) => {
    expect((await postNote(body, headers)).status).toBe(415);
  });

  test.each([
    ["POST", "/tasks", { accept: "application/json", "accept-patch": null }],
    ["PATCH", `/tasks/${id}`, { accept: null, "accept-patch": "application/json" }],
  ])("415 to %s says which type would do", async (method, path, fields) => {
    await using service = await startSample();
    const headers = { "content-type": "text/plain" };
    const response = await service.request(path, { method, headers, body: "x" });
    expect(response.status).toBe(415);
    expect(fieldsOf(response, Object.keys(fields))).toEqual(fields);
    expect(await bodyOf(response)).toMatchObject({ code: "unsupported-media-type" });
  });

  test("415 to an encoded body says that only an unencoded one would do", async () => {
    const response = await postNote(Bun.gzipSync(hello), { ...json, "content-encoding": "gzip" });
    const names = ["accept", "accept-encoding", "accept-patch"];
    const fields = { accept: null, "accept-encoding": "identity", "accept-patch": null };
    expect(fieldsOf(response, names)).toEqual(fields);
    expect(await bodyOf(response)).toMatchObject({ code: "unsupported-encoding" });
  });

  test("checks route, size, type, JSON and schema in this order", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 10 } });
    const text = { "content-type": "text/plain" };
    const status = async (path: string, headers: HeaderFields, body: string) =>
      (await service.request(path, { headers, body })).status;
    const long = "x".repeat(20);
    expect(await status("/nowhere", text, long)).toBe(404);
    expect(await status(`/notes/${id}`, text, long)).toBe(405);
    expect(await status("/notes", text, long)).toBe(413);
    expect(await status("/notes", text, "x")).toBe(415);
    expect(await status("/notes", json, "x")).toBe(400);
    expect(await status("/notes", json, "{}")).toBe(422);
  });

  test("takes an empty body in chunks for no body", async () => {
    const lines = ["POST /notes HTTP/1.1", "Transfer-Encoding: chunked"];
    expect(await sendRaw(lines, "0\r\n\r\n")).toContain("HTTP/1.1 422");
  });

  test("ignores the body of a GET", async () => {
    const received = await sendRaw([`GET /notes/${id} HTTP/1.1`, "Content-Length: 3"], "abc");
    expect(received).toContain("HTTP/1.1 200");
    expect(received).toContain("found");
  });
});

describe("bodyParser() and JSON", () => {
  test.each([
    ["a cut value", "{"],
    ["a cut object", '{"text":'],
    ["two values", "1 2"],
    ["two objects", "{}{}"],
    ["text in single quotes", "{'text':'x'}"],
    ["NaN", "NaN"],
    ["a trailing comma", "[1,]"],
    ["blanks", "  "],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xc3, 0x22])],
    ["a byte that UTF-8 never has", new Uint8Array([0x22, 0xff, 0x22])],
    ["UTF-16", new Uint8Array([0x22, 0x00, 0x61, 0x00, 0x22, 0x00])],
  ])("rejects %s", async (_, body) => {
    const problem = { status: 400, detail: "Body is not valid JSON" };
    expect(await bodyOf(await postNote(body))).toMatchObject(problem);
  });

  test.each([
    ["in an unknown member", '{"text":"hello","x":', "}"],
    ["in place of text", '{"text":', "}"],
    ["as the whole body", "", ""],
  ])("rejects absurd nesting %s", async (_, before, after) => {
    const body = `${before}${"[".repeat(200_000)}${"]".repeat(200_000)}${after}`;
    expect((await postNote(body)).status).toBe(400);
  });

  test("accepts brackets in text and harmless nesting", async () => {
    const deep = `${"[".repeat(400)}"\\"]]"${"]".repeat(400)}`;
    const body = `{"text":"[[[","x":${deep},"y":"${"[".repeat(1000)}"}`;
    expect((await postNote(body)).status).toBe(200);
  });

  test("does not copy a large invalid body into an error", async () => {
    const response = await postNote(`{"text":[${"{},".repeat(300_000)}{}]}`);
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors).toHaveLength(1);
  });

  test("takes JSON null for a body of the wrong type", async () => {
    expect((await bodyOf(await postNote("null"))).errors?.[0]?.pointer).toBe("#");
  });
});

describe("bodyParser() and arriving bodies", () => {
  const health = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
  const long = JSON.stringify({ text: "hello", padding: "x".repeat(1000) });

  test("rejects a body over the limit, declared or in chunks", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
    const fits = JSON.stringify({ text: "hello", padding: "x".repeat(900) });
    expect((await service.request("/notes", { headers: json, body: fits })).status).toBe(200);
    for (const body of [long, new Blob([long]).stream()]) {
      expect((await service.request("/notes", { headers: json, body })).status).toBe(413);
    }
  });

  const chunks = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`;
  const tooLong = "x".repeat(1_100_000);
  test.each([
    ["in chunks", "Transfer-Encoding: chunked", chunks],
    ["that it is still sending", `Content-Length: ${tooLong.length}`, tooLong],
  ])("sends the 413 and keeps the connection for a body %s", async (_, framing, body) => {
    const received = await sendRaw(["POST /notes HTTP/1.1", framing], body + health, '"ok"');
    expect(received).toContain("HTTP/1.1 413");
    expect(received).toContain('"status":413');
    expect(received).toContain("HTTP/1.1 200");
    expect(received).toContain('"ok"');
  });

  test("a client that leaves in the middle of its body is a 400 in the log, not an error", async () => {
    await using service = await startSample();
    await exchange(
      service.port,
      "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
      { until: "", halfCloses: true },
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
