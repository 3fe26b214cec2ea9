import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { newUser, user, userChange } from "../../src/users/user.ts";

const raw = { name: " Zoe\u0308\t", email: " Zoe@EXAMPLE.com " };
const normal = { name: "Zo\u00eb", email: "Zoe@example.com" };
const stored = {
  ...normal,
  id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
};

describe("newUser", () => {
  test("decodes a body to its normal form, without unknown members", () => {
    const sent = { ...raw, is_admin: true, id: stored.id };
    expect(Value.Check(newUser, sent)).toBe(true);
    expect(Value.Decode(newUser, sent)).toStrictEqual(normal);
    expect(Value.Decode(newUser, normal)).toStrictEqual(normal);
  });

  test("accepts a name of 1 to 100 characters", () => {
    const isAccepted = (n: number) => Value.Check(newUser, { ...raw, name: "x".repeat(n) });
    expect([0, 1, 100, 101].filter(isAccepted)).toEqual([1, 100]);
  });

  test.each<[string, unknown]>([
    ["a body without a name", { email: "a@example.com" }],
    ["a body without an address", { name: "Alice" }],
    ["an empty body", {}],
    ["a name that is null", { ...raw, name: null }],
    ["an array", [raw]],
  ])("refuses %s", (_, sent) => {
    expect(Value.Check(newUser, sent)).toBe(false);
  });
});

describe("userChange", () => {
  test.each<[string, object, object]>([
    ["an empty body", {}, {}],
    ["a new name", { name: raw.name }, { name: normal.name }],
    ["a new address", { email: raw.email }, { email: normal.email }],
    ["a new name and address", raw, normal],
    ["unknown members, and drops them", { is_admin: true, created_at: "x" }, {}],
  ])("accepts %s; members that the client left out stay absent", (_, sent, expected) => {
    expect(Value.Check(userChange, sent)).toBe(true);
    expect(Value.Decode(userChange, sent)).toStrictEqual(expected);
  });

  const refused = [{ name: null }, { name: "" }, { email: null }, { email: "alice" }, null, "x", 5];
  test.each(refused)("refuses %j", (sent) => {
    expect(Value.Check(userChange, sent)).toBe(false);
  });
});

describe("user", () => {
  test("refuses further members, so that no other column leaks into a response", () => {
    expect(Value.Check(user, stored)).toBe(true);
    expect(Value.Check(user, { ...stored, password: "secret" })).toBe(false);
  });
});
