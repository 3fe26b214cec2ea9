import { describe, expect, test } from "bun:test";
import { hasBody, isJsonType, noBody, parseJsonBody } from "../../src/http/body-parser.ts";

/** A POST request with this body; its length is declared as `declared` says. */
function post(body: RequestInit["body"], declared?: string): Request {
  const headers = declared === undefined ? {} : { "content-length": declared };
  return new Request("http://localhost/", { method: "POST", headers, body });
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
    ["a body of unknown length", post(new ReadableStream()), true],
  ])("%s", (_, request, expected) => {
    expect(hasBody(request)).toBe(expected);
  });
});

describe("what is in a body", () => {
  test.each([
    ['{"a":[1,"\\u00e9"]}', { a: [1, "é"] }],
    [" null ", null],
    ["0", 0],
    ['\ufeff"x"', "x"],
    ["", noBody],
  ])("%j is read", (body, expected) => {
    expect(parseJsonBody(new TextEncoder().encode(body))).toEqual(expected);
  });

  test.each([
    ["cut", "{"],
    ["two values", "1 2"],
    ["not a number", "NaN"],
    ["a trailing comma", "[1,]"],
    ["blank", "  "],
    ["not UTF-8", new Uint8Array([0x22, 0xc3, 0x22])],
    ["UTF-16", new Uint8Array([0x22, 0x00, 0x61, 0x00, 0x22, 0x00])],
  ])("what is %s is no JSON", (_, body) => {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    expect(() => parseJsonBody(bytes)).toThrow("Body is not valid JSON");
  });
});
