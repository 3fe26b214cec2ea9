import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { limit, nextLink, pagedList } from "../../src/http/pagination.ts";
import { parseQuery } from "../../src/http/query-string.ts";

const sorts = ["age", "-age"] as const;
const pages = pagedList({ name: "pages", sorts, position: Type.String({ maxLength: 150 }) });
const schema = pages.query({});

/** A storage whose secrets are made of this byte. */
const storageOf = (byte: number) => ({ secret: () => new Uint8Array(32).fill(byte) });
const storage = storageOf(1);

const positions = ["", "a", "Zoë", "😀", 'quoted "x" \\', "\u2028", "😀".repeat(75), "{}", "null"];

/** The errors that a service finds in a query string beside those of its schema. */
const errorsOf = (query: string, { secret } = storage) =>
  parseQuery(query, schema, secret).fieldErrors;
const notOurs = {
  parameter: "after",
  detail: "Must be a cursor from the Link of an earlier page of pages in the same order",
};

describe("limit", () => {
  test.each([
    [undefined, 100],
    ["1", 1],
    ["1000", 1000],
    ["0010", 10],
  ])("%p asks for %i items", (sent, expected) => {
    expect(sent === undefined || Value.Check(limit, sent)).toBe(true);
    const query = sent === undefined ? {} : { limit: sent };
    expect(pages.parse(query, storage).limit).toBe(expected);
  });

  const refused = ["0", "1001", "-1", "+1", "1.0", "1e2", "0x10", "", " 1", "1\n", "9".repeat(20)];
  test.each([...refused, 5])("refuses %p", (sent) => {
    expect(Value.Check(limit, sent)).toBe(false);
  });
});

describe("pagedList()", () => {
  test.each([Type.String(), Type.Object({ title: Type.String({ maxLength: 200 }) })])(
    "refuses positions that do not fit into a cursor, when a service starts: %j",
    (position) => {
      expect(() => pagedList({ name: "books", sorts, position })).toThrow(
        "The position of books may have more than 640 bytes: bound its strings",
      );
    },
  );

  const cursorOf = (position: string, sort?: (typeof sorts)[number]) =>
    pages.cursor(position, sort === undefined ? {} : { sort }, storage);

  test("starts a page at the position in the cursor of the page before", () => {
    for (const sort of sorts) {
      for (const position of positions) {
        const after = cursorOf(position, sort);
        expect(pages.parse({ after, sort }, storage)).toEqual({
          sort,
          after: position,
          limit: 100,
        });
        expect(errorsOf(`sort=${sort}&after=${after}`)).toEqual([]);
        expect(Value.Check(schema, { after, sort })).toBe(true);
      }
    }
  });

  test("takes the first sort if the client names none, also in a cursor", () => {
    const after = cursorOf("a", "age");
    expect(pages.parse({ after }, storage)).toEqual({ sort: "age", after: "a", limit: 100 });
    expect(errorsOf(`after=${after}`)).toEqual([]);
  });

  test("makes cursors that need no escaping in a URL, are short, and differ for one position", () => {
    for (const position of positions)
      expect(cursorOf(position)).toMatch(/^[A-Za-z0-9_-]{200,800}$/);
    expect(cursorOf("a")).not.toBe(cursorOf("a"));
  });

  test("shows nothing of a position in a cursor, not even the length of a name", () => {
    const [short, long] = [cursorOf("Ann"), cursorOf("Alexandrina Featherstonehaugh")];
    expect(short).toHaveLength(long.length);
    for (const encoding of ["base64url", "hex", "utf8", "latin1"] as const) {
      expect(Buffer.from(long, encoding).toString("latin1")).not.toContain("Alex");
    }
  });

  test("opens a cursor after a restart and on another replica", () => {
    const replica = pagedList({ name: "pages", sorts, position: Type.String({ maxLength: 150 }) });
    for (const position of positions) {
      expect(replica.parse({ after: cursorOf(position) }, storageOf(1)).after).toBe(position);
    }
  });

  test("refuses the cursors of another list, another sort and another database", () => {
    const other = pagedList({ name: "page", sorts, position: Type.String({ maxLength: 150 }) });
    for (const position of positions) {
      expect(errorsOf(`after=${other.cursor(position, {}, storage)}`)).toEqual([notOurs]);
      expect(errorsOf(`after=${cursorOf(position, "-age")}`)).toEqual([notOurs]);
      expect(errorsOf(`after=${cursorOf(position, "age")}&sort=-age`)).toEqual([notOurs]);
      expect(errorsOf(`after=${cursorOf(position)}`, storageOf(2))).toEqual([notOurs]);
    }
  });

  test("refuses beside an unknown sort only a cursor that fits no sort", () => {
    const other = pagedList({ name: "page", sorts, position: Type.String({ maxLength: 150 }) });
    expect(errorsOf(`sort=x&after=${cursorOf("a", "-age")}`)).toEqual([]);
    expect(errorsOf(`sort=x&after=${other.cursor("a", {}, storage)}`)).toEqual([notOurs]);
  });

  test("refuses a cursor with a character changed, added or taken away", () => {
    const cursor = cursorOf("01936f5e");
    const isRefused = (text: string) =>
      !Value.Check(schema, { after: text }) ||
      errorsOf(new URLSearchParams({ after: text }).toString()).length > 0;
    for (let at = 0; at < cursor.length; at += 1) {
      const [before, after] = [cursor.slice(0, at), cursor.slice(at + 1)];
      for (const other of ["A", "B", "=", " ", ""]) {
        if (other !== cursor[at]) expect(isRefused(before + other + after)).toBe(true);
      }
    }
    expect(isRefused(`${cursor}=`)).toBe(true);
    expect(isRefused(cursor)).toBe(false);
  });

  test("refuses a cursor whose position the list no longer has", () => {
    const before = pagedList({ name: "pages", sorts, position: Type.Number() });
    expect(errorsOf(`after=${before.cursor(5, {}, storage)}`)).toEqual([notOurs]);
  });

  test.each<[string, unknown]>([
    ["nothing", ""],
    ["a word", "next"],
    ["plain JSON", '"a"'],
    ["JSON in base64", Buffer.from('"a"').toString("base64url")],
    ["a megabyte", "A".repeat(1_000_000)],
    ["a number", 5],
  ])("refuses what is no cursor: %s", (_, made) => {
    expect(Value.Check(schema, { after: made })).toBe(false);
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
