import { describe, expect, test } from "bun:test";
import { parseIdempotencyKey } from "../../src/idempotency/idempotency-key.ts";

const visible = Array.from({ length: 0x7f - 0x21 }, (_, n) => String.fromCharCode(0x21 + n));

/** A key as the IETF draft quotes it. */
const quote = (key: string) => `"${key.replace(/["\\]/g, "\\$&")}"`;

describe("parseIdempotencyKey()", () => {
  test.each([
    ["k", "k"],
    ['"k"', "k"],
    ["01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["a,b;c=d", "a,b;c=d"],
    ['a"b', 'a"b'],
    ["a\\b", "a\\b"],
    [String.raw`"a\"b"`, 'a"b'],
    [String.raw`"a\\b"`, "a\\b"],
    [String.raw`"\"k\""`, '"k"'],
    ["x".repeat(255), "x".repeat(255)],
    [`"${"x".repeat(255)}"`, "x".repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])("reads %j as the key %j", (value, key) => {
    expect(parseIdempotencyKey(value)).toBe(key);
  });

  test("accepts every visible ASCII character, and reads it the same bare and quoted", () => {
    for (const character of visible) {
      const key = `k${character}`;
      expect(parseIdempotencyKey(key)).toBe(key);
      expect(parseIdempotencyKey(quote(key))).toBe(key);
    }
  });

  test.each([
    "",
    " ",
    '""',
    '"',
    '"k',
    '"k"x',
    '"k";a=1',
    "a b",
    '"a b"',
    "a, b",
    '"a", "b"',
    'a, "b"',
    "a\tb",
    "a\u0000",
    "a\u007f",
    "é",
    '"é"',
    "😀",
    String.raw`"a\b"`,
    String.raw`"a\"`,
    "x".repeat(256),
    `"${"x".repeat(256)}"`,
  ])("rejects %j", (value) => {
    expect(parseIdempotencyKey(value)).toBeUndefined();
  });

  // The pattern alone would take seconds for each, and the test time out.
  test.each([
    ["escapes", `"${"\\\\".repeat(1_000_000)}`],
    ["quotes", '"'.repeat(1_000_000)],
    ["letters", `"${"x".repeat(1_000_000)}`],
  ])("rejects a header of a million %s at once", (_, value) => {
    expect(parseIdempotencyKey(value)).toBeUndefined();
  });
});
