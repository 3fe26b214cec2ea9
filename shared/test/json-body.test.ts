import { describe, expect, test } from "bun:test";
import { hasBody, isJsonType, readJsonBody } from "../src/json-body.ts";
import { rejectionOf } from "./harness.ts";

/** A POST request with this body; its length is declared as `declared` says. */
function post(body: RequestInit["body"], declared?: string): Request {
  const headers = declared === undefined ? {} : { "content-length": declared };
  return new Request("http://localhost/", { method: "POST", headers, body });
}

/** A body that comes in pieces, and how many of them were asked for. */
function inPieces(pieces: readonly Uint8Array<ArrayBuffer>[]) {
  const progress = { read: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces[progress.read];
      progress.read += 1;
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel: () => void (progress.isCancelled = true),
  });
  return { body, progress };
}

describe("the type of a body", () => {
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
  ])("%j is JSON", (type) => {
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
  ])("%j is not", (type) => {
    expect(isJsonType(type)).toBe(false);
  });

  test.each([
    ["blanks", `application/json${" ".repeat(100_000)}x`],
    ["plus signs", `application/${"+".repeat(100_000)}`],
    ["parameters", `application/json${"; charset".repeat(20_000)}`],
  ])(
    "many %s are judged at once",
    (_, type) => {
      expect(isJsonType(type)).toBe(type.endsWith("charset"));
    },
    500,
  );
});

describe("whether there is a body", () => {
  test.each([
    ["no body", post(null), false],
    ["a length of 0", post(null, "0"), false],
    ["a length of 5", post("12345", "5"), true],
    ["a body of unknown length", post(inPieces([]).body), true],
  ])("%s", (_, request, expected) => {
    expect(hasBody(request)).toBe(expected);
  });
});

describe("reading a body", () => {
  test.each([
    ['{"a":[1,"\\u00e9"]}', { a: [1, "é"] }],
    [" null ", null],
    ["0", 0],
    ['\ufeff"x"', "x"],
  ])("%j is read, its length declared or not", async (body, expected) => {
    const length = String(new TextEncoder().encode(body).length);
    expect(await readJsonBody(post(body, length), 100)).toEqual(expected);
    expect(await readJsonBody(post(new Blob([body]).stream()), 100)).toEqual(expected);
  });

  test("an empty body is none", async () => {
    expect(await readJsonBody(post(null), 100)).toBeUndefined();
    expect(await readJsonBody(post(inPieces([]).body), 100)).toBeUndefined();
  });

  test("a character that is cut between two pieces is put together", async () => {
    const bytes = new TextEncoder().encode('"😀"');
    const { body } = inPieces(Array.from(bytes, (_, at) => bytes.slice(at, at + 1)));
    expect(await readJsonBody(post(body), 100)).toBe("😀");
  });

  test.each([
    ["cut", "{"],
    ["two values", "1 2"],
    ["not a number", "NaN"],
    ["a trailing comma", "[1,]"],
    ["blank", "  "],
    ["not UTF-8", new Uint8Array([0x22, 0xc3, 0x22])],
    ["UTF-16", new Uint8Array([0x22, 0x00, 0x61, 0x00, 0x22, 0x00])],
  ])("what is %s is no JSON", async (_, body) => {
    expect(await rejectionOf(readJsonBody(post(body), 100))).toMatchObject({
      status: 400,
      detail: "Body is not valid JSON",
    });
  });

  test("a body of exactly the limit is read", async () => {
    const { body } = inPieces([
      new TextEncoder().encode('"345678'),
      new TextEncoder().encode('9"'),
    ]);
    expect(await readJsonBody(post(body), 9)).toBe("3456789");
  });

  test("a body over the limit is refused, and no more of it is read", async () => {
    const { body, progress } = inPieces(Array(1000).fill(new Uint8Array(10)));
    expect(await rejectionOf(readJsonBody(post(body), 25))).toMatchObject({
      status: 413,
      detail: "Body is larger than the 25 bytes allowed",
    });
    expect(progress.read).toBeLessThan(10);
    expect(progress.isCancelled).toBe(true);
  });
});
