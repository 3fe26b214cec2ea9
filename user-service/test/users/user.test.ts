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
  test("gives the handler normal forms, and drops members that it does not know", () => {
    const sent = { ...raw, is_admin: true, id: stored.id };
    expect(Value.Check(newUser, sent)).toBe(true);
    expect(Value.Decode(newUser, sent)).toStrictEqual(normal);
    expect(Value.Decode(newUser, normal)).toStrictEqual(normal);
  });

  test.each([
    [1, true],
    [100, true],
    [101, false],
  ])("accepts a name of %i characters: %p", (length, fits) => {
    expect(Value.Check(newUser, { ...raw, name: "x".repeat(length) })).toBe(fits);
  });

  test.each<[string, unknown]>([
    ["no name", { email: "a@example.com" }],
    ["no address", { name: "Alice" }],
    ["nothing", {}],
    ["a name that is null", { ...raw, name: null }],
    ["an array", [raw]],
  ])("needs a name and an address, and refuses %s", (_, sent) => {
    expect(Value.Check(newUser, sent)).toBe(false);
  });
});

describe("userChange", () => {
  test.each<[string, object, object]>([
    ["nothing", {}, {}],
    ["the name", { name: raw.name }, { name: normal.name }],
    ["the address", { email: raw.email }, { email: normal.email }],
    ["both", raw, normal],
    ["members that it does not know", { is_admin: true, created_at: "x" }, {}],
  ])("accepts %s, and leaves out what the client left out", (_, sent, expected) => {
    expect(Value.Check(userChange, sent)).toBe(true);
    expect(Value.Decode(userChange, sent)).toStrictEqual(expected);
  });

  test.each([{ name: null }, { name: "" }, { email: null }, { email: "alice" }, null, "x", 5])(
    "refuses %j",
    (sent) => {
      expect(Value.Check(userChange, sent)).toBe(false);
    },
  );
});

describe("user", () => {
  test("has these members and no others, so that no column leaks into a response", () => {
    expect(Value.Check(user, stored)).toBe(true);
    expect(Value.Check(user, { ...stored, password: "secret" })).toBe(false);
  });
});
