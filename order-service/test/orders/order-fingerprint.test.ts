import { describe, expect, test } from "bun:test";
import { fingerprintOf } from "../../src/orders/order-fingerprint.ts";
import type { OrderDraft } from "../../src/orders/order.ts";

const line = { sku: "KB-87", quantity: 2, unitPriceCents: 1999 };
const draft: OrderDraft = { userId: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", lines: [line, line] };

describe("fingerprintOf()", () => {
  test("is the same for equal drafts, whatever the order of their fields", () => {
    const { sku, quantity, unitPriceCents } = line;
    const reversed = { unitPriceCents, quantity, sku };
    expect(fingerprintOf({ lines: [reversed, reversed], userId: draft.userId })).toBe(
      fingerprintOf(draft),
    );
  });

  test("differs for drafts that differ in anything", () => {
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

  test("has 64 characters, however large the order", () => {
    const lines = Array<typeof line>(100).fill({ ...line, sku: "😀".repeat(50) });
    expect(fingerprintOf({ ...draft, lines })).toHaveLength(64);
  });

  test("is what versions before this one have stored", () => {
    expect(fingerprintOf(draft)).toBe(
      "904168813c8af05a3f787e8cff2bc4fb7497494d1103e8b7e6f6538fa70b5f15",
    );
  });
});
