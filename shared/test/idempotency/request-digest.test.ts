import { describe, expect, test } from "bun:test";
import { requestDigest } from "../../src/idempotency/request-digest.ts";

const storageWith = (byte: number) => ({ secret: () => new Uint8Array(32).fill(byte) });
const digest = requestDigest(storageWith(1), "users");
const alice = { name: "Alice", email: "alice@example.com" };

describe("requestDigest()", () => {
  test("is the same for equal bodies, whatever the order of their members", () => {
    expect(digest({ email: alice.email, name: alice.name })).toBe(digest(alice));
    const nested = { items: [{ sku: "A", quantity: 1 }], note: undefined };
    expect(digest({ items: [{ quantity: 1, sku: "A" }] })).toBe(digest(nested));
  });

  test("differs for bodies that differ in anything, for other resources and for other secrets", () => {
    const digests = [
      digest(alice),
      digest({ ...alice, name: "alice" }),
      digest({ ...alice, email: "Alice@example.com" }),
      digest({ ...alice, age: null }),
      digest({ name: alice.email, email: alice.name }),
      digest({ items: [1, 2] }),
      digest({ items: [2, 1] }),
      digest({ items: { 0: 1, 1: 2 } }),
      requestDigest(storageWith(1), "teams")(alice),
      requestDigest(storageWith(2), "users")(alice),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("asks for the secret when it makes a digest: the storage may be reached only then", () => {
    const secret = () => {
      throw new Error("not reached");
    };
    const early = requestDigest({ secret }, "users");
    expect(() => early(alice)).toThrow("not reached");
  });

  test("is what OpenSSL makes of the same bytes, and versions before this one have stored", () => {
    expect(digest(alice)).toBe("6a430b94e3a637ebeb763edef3a30abc90987756922e446e5c2894e64a5e54c8");
  });
});
