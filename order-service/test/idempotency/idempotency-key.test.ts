import { describe, expect, test } from "bun:test";
import { fingerprintOf, parseIdempotencyKey } from "../../src/idempotency/idempotency-key.ts";
import type { OrderDraft } from "../../src/orders/order.ts";

const visible = Array.from({ length: 0x7f - 0x21 }, (_, n) => String.fromCharCode(0x21 + n));

/** A key as the IETF draft quotes it. */
const quote = (key: string) => `"${key.replace(/["\\]/g, "\\$&")}"`;

describe("Idempotency-Key", () => {
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
  ])("%j is the key %j", (field, key) => {
    expect(parseIdempotencyKey(field)).toBe(key);
  });

  test("may have every visible ASCII character, and is the same bare and quoted", () => {
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
  ])("%j is none", (field) => {
    expect(parseIdempotencyKey(field)).toBeUndefined();
  });

  test.each([
    ["escapes", `"${"\\\\".repeat(100_000)}`],
    ["quotes", '"'.repeat(100_000)],
    ["letters", `"${"x".repeat(100_000)}`],
  ])(
    "a long field of %s is refused at once",
    (_, field) => {
      expect(parseIdempotencyKey(field)).toBeUndefined();
    },
    500,
  );
});

describe("the fingerprint of an order", () => {
  const line = { sku: "KB-87", quantity: 2, unitPriceCents: 1999 };
  const draft: OrderDraft = { userId: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", lines: [line, line] };

  test("is the same for an equal one, whatever the order of its fields", () => {
    const { sku, quantity, unitPriceCents } = line;
    const reversed = { unitPriceCents, quantity, sku };
    expect(fingerprintOf({ lines: [reversed, reversed], userId: draft.userId })).toBe(
      fingerprintOf(draft),
    );
  });

  test("is another for one that differs in anything", () => {
    const drafts: OrderDraft[] = [
      draft,
      { ...draft, userId: draft.userId.replace("0", "1") },
      { ...draft, lines: [line] },
      { ...draft, lines: [line, line, line] },
      { ...draft, lines: [line, { ...line, sku: "KB-88" }] },
      { ...draft, lines: [{ ...line, sku: "KB-88" }, line] },
      { ...draft, lines: [line, { ...line, quantity: 3 }] },
      { ...draft, lines: [line, { ...line, unitPriceCents: 2 }] },
      { ...draft, lines: [line, { ...line, quantity: 1999, unitPriceCents: 2 }] },
      { ...draft, lines: [line, { ...line, sku: 'KB-87",2,1999],["KB-87' }] },
    ];
    expect(new Set(drafts.map(fingerprintOf)).size).toBe(drafts.length);
  });

  test("is short however long the order", () => {
    const lines = Array<typeof line>(100).fill({ ...line, sku: "😀".repeat(50) });
    expect(fingerprintOf({ ...draft, lines })).toHaveLength(64);
  });
});
