import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { UnmetReason } from "../../src/core/precondition.ts";
import {
  entityTag,
  matchesIfNoneMatch,
  parsePrecondition,
  conditionalHeaders,
} from "../../src/http/etag.ts";

const resource = { updated_at: "2026-01-31T12:00:00.000Z" };
const present = entityTag(resource);

describe("entityTag()", () => {
  test("is strong and well-formed", () => {
    expect(present).toMatch(/^"[\x21\x23-\x7e]+"$/);
  });

  test("differs for states a millisecond apart, and is the same for the same state", () => {
    expect(entityTag({ updated_at: "2026-01-31T12:00:00.001Z" })).not.toBe(present);
    expect(entityTag({ ...resource })).toBe(present);
  });
});

const malformed = [
  "",
  ",",
  present.slice(1),
  present.slice(0, -1),
  "bare",
  `${present} ${present}`,
  `${present};`,
  `*, ${present}`,
  "**",
  `w/${present}`,
  `W/ ${present}`,
  '"a b"',
  '"a"b"',
  `"a\u007f"`,
];

describe("parsePrecondition() of If-Match", () => {
  const applies = (field: string) =>
    parsePrecondition({ "if-match": field })(resource) === undefined;

  test("applies a change without it", () => {
    expect(parsePrecondition({})(resource)).toBeUndefined();
  });

  test.each([
    ["the tag", present, true],
    ["any tag", "*", true],
    ["any tag, between blanks", " * ", true],
    ["a list with the tag", `"x", ${present} ,"y"`, true],
    ["a list with empty elements", `,, ${present},`, true],
    ["a tag with a comma in it, and the tag", `"a,b",${present}`, true],
    ["another tag", '"x"', false],
    ["the empty tag", '""', false],
    ["the tag as a weak one", `W/${present}`, false],
    ["the tag within another", `"x${present.slice(1)}`, false],
    ["the tag in capitals", present.toUpperCase(), false],
  ])("with %s: does the change apply?", (_, field, expected) => {
    expect(Value.Check(conditionalHeaders, { "if-match": field })).toBe(true);
    expect(applies(field)).toBe(expected);
  });

  test.each(malformed)("applies no change with the malformed field %j", (field) => {
    expect(Value.Check(conditionalHeaders, { "if-match": field })).toBe(false);
    expect(applies(field)).toBe(false);
  });

  test("allows other header fields", () => {
    expect(Value.Check(conditionalHeaders, { accept: "*/*" })).toBe(true);
  });
});

describe("parsePrecondition()", () => {
  test.each<[UnmetReason, string | undefined, string | undefined]>([
    ["changed", '"x"', undefined],
    ["changed", '"x", "y"', "*"],
    ["weak-tag", `W/${present}`, undefined],
    ["weak-tag", 'W/"x"', undefined],
    ["weak-tag", `"x", W/${present}`, undefined],
    ["weak-tag", `W/${present}`, present],
    ["excluded", undefined, present],
    ["excluded", undefined, `W/${present}`],
    ["excluded", undefined, "*"],
    ["excluded", present, present],
    ["excluded", "*", "*"],
  ])("says %s where If-Match is %p and If-None-Match is %p", (reason, wanted, unwanted) => {
    const headers = {
      ...(wanted === undefined ? {} : { "if-match": wanted }),
      ...(unwanted === undefined ? {} : { "if-none-match": unwanted }),
    };
    expect(parsePrecondition(headers)(resource)).toMatchObject({ reason });
  });

  test("applies a change where a strong tag matches beside weak ones", () => {
    const headers = { "if-match": `W/"x", ${present}, W/${present}` };
    expect(parsePrecondition(headers)(resource)).toBeUndefined();
  });
});

describe("matchesIfNoneMatch()", () => {
  test.each([
    ["missing", null, false],
    ["the tag", present, true],
    ["the tag as a weak one", `W/${present}`, true],
    ["any tag", "*", true],
    ["a list with the tag", `"x",W/"y", ${present}`, true],
    ["another tag", '"x"', false],
    ["a list of others", '"x", W/"y"', false],
  ])("of a field that is %s: does the client have the current state?", (_, field, expected) => {
    expect(matchesIfNoneMatch(field, present)).toBe(expected);
  });

  test.each(malformed)("ignores the malformed field %j", (field) => {
    expect(matchesIfNoneMatch(field, present)).toBe(false);
  });
});

test.each([
  ["commas", `${",".repeat(100_000)}x`],
  ["blanks", `${" ".repeat(100_000)}x`],
  ["tags", `${'"a" ,'.repeat(50_000)}x`],
  ["an open quote", `"${"a".repeat(100_000)}`],
])(
  "matchesIfNoneMatch() takes no more than linear time for a long field of %s",
  (_, field) => {
    expect(matchesIfNoneMatch(field, present)).toBe(false);
  },
  500,
);
