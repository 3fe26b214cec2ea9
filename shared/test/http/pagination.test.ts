import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { cursorCodec, limit, nextLink, parseLimit } from "../../src/http/pagination.ts";

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const pages = cursorCodec("pages", isText);
const keys = ["", "a", "Zoë", "😀", 'quoted "x" \\', "\u2028", "x".repeat(1000), "{}", "null"];

describe("limit", () => {
  test.each([
    [undefined, 100],
    ["1", 1],
    ["1000", 1000],
    ["0010", 10],
  ])("%p asks for %i items", (sent, expected) => {
    expect(sent === undefined || Value.Check(limit, sent)).toBe(true);
    expect(parseLimit(sent)).toBe(expected);
  });

  const refused = ["0", "1001", "-1", "+1", "1.0", "1e2", "0x10", "", " 1", "1\n", "9".repeat(20)];
  test.each([...refused, 5])("refuses %p", (sent) => {
    expect(Value.Check(limit, sent)).toBe(false);
  });
});

describe("cursorCodec()", () => {
  test("decodes a cursor to the key that it was made of", () => {
    for (const key of keys) {
      const cursor = pages.encode(key);
      expect(pages.decode(cursor)).toBe(key);
      expect(Value.Check(pages.schema, cursor)).toBe(true);
    }
  });

  test("makes cursors that need no escaping in a URL", () => {
    for (const key of keys) expect(pages.encode(key)).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test("decodes a cursor after a restart and on another replica", () => {
    const replica = cursorCodec("pages", isText);
    for (const key of keys) expect(replica.decode(pages.encode(key))).toBe(key);
  });

  test("refuses the cursors of every other list", () => {
    for (const list of ["page", "pages2", "Pages", ""]) {
      const other = cursorCodec(list, isText);
      for (const key of keys) expect(other.decode(pages.encode(key))).toBeUndefined();
    }
  });

  test("refuses a cursor with a character changed, added or taken away", () => {
    const cursor = pages.encode("01936f5e");
    for (let at = 0; at < cursor.length; at += 1) {
      const [before, after] = [cursor.slice(0, at), cursor.slice(at + 1)];
      for (const other of ["A", "B", "-", "_", "=", "+", " ", "ä", ""]) {
        if (other === cursor[at]) continue;
        expect(pages.decode(before + other + after)).toBeUndefined();
      }
      expect(pages.decode(`${before}.${cursor.slice(at)}`)).toBeUndefined();
    }
    expect(pages.decode(`${cursor}=`)).toBeUndefined();
  });

  test("refuses a cursor whose key the list no longer has", () => {
    const before = cursorCodec("changed", isNumber);
    const since = cursorCodec("changed", isText);
    expect(since.decode(before.encode(5))).toBeUndefined();
    expect(Value.Check(since.schema, before.encode(5))).toBe(false);
  });

  test.each<[string, unknown]>([
    ["nothing", ""],
    ["a word", "next"],
    ["plain JSON", '"a"'],
    ["JSON in base64", Buffer.from('"a"').toString("base64url")],
    ["a megabyte", "A".repeat(1_000_000)],
    ["a number", 5],
  ])("refuses what is no cursor: %s", (_, made) => {
    expect(Value.Check(pages.schema, made)).toBe(false);
  });
});

describe("nextLink()", () => {
  test("keeps the query, and puts the new cursor in the old one's place", () => {
    const query = { limit: "2", after: "old", email: undefined, status: "pending" };
    expect(nextLink("/orders", query, "new")).toBe(
      '</orders?limit=2&after=new&status=pending>; rel="next"',
    );
  });

  test("keeps a filter, whatever characters it has", () => {
    for (const email of ['a>b; rel="x"', "a&b=c#d", "a+b c%20", "zoë@example.com", "\r\n", "😀"]) {
      const [, target = ""] = nextLink("/users", { email }, "c").match(/^<([^<>]*)>/) ?? [];
      expect(target).toMatch(/^[!-~]+$/);
      expect(new URL(target, "http://a").searchParams.get("email")).toBe(email);
    }
  });
});
