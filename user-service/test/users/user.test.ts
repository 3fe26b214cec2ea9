import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import {
  newUser,
  normaliseChange,
  normaliseNew,
  user,
  userChange,
  type UserChange,
} from "../../src/users/user.ts";

const raw = { name: " Zoe\u0308\t", email: " Zoe@EXAMPLE.com " };
const normal = { name: "Zoë", email: "Zoe@example.com" };
const stored = {
  ...normal,
  id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
};

describe("a new user", () => {
  test("is stored in normal form, without what we do not know", () => {
    const sent = { ...raw, is_admin: true, id: stored.id };
    expect(Value.Check(newUser, sent)).toBe(true);
    expect(normaliseNew(sent)).toEqual(normal);
    expect(normaliseNew(normal)).toEqual(normal);
  });

  test.each([
    [1, true],
    [100, true],
    [101, false],
  ])("with a name of %i characters: %p", (length, fits) => {
    expect(Value.Check(newUser, { ...raw, name: "x".repeat(length) })).toBe(fits);
  });

  test.each<[string, unknown]>([
    ["no name", { email: "a@example.com" }],
    ["no address", { name: "Alice" }],
    ["nothing", {}],
    ["a name that is null", { ...raw, name: null }],
    ["an array", [raw]],
  ])("needs a name and an address: %s", (_, sent) => {
    expect(Value.Check(newUser, sent)).toBe(false);
  });
});

describe("a change of a user", () => {
  test.each<[string, UserChange & Record<string, unknown>, UserChange]>([
    ["nothing", {}, {}],
    ["the name", { name: raw.name }, { name: normal.name }],
    ["the address", { email: raw.email }, { email: normal.email }],
    ["both", raw, normal],
    ["what we do not know", { is_admin: true, created_at: "x" }, {}],
  ])("may change %s, and leaves the rest as it is", (_, sent, expected) => {
    expect(Value.Check(userChange, sent)).toBe(true);
    expect(normaliseChange(sent)).toStrictEqual(expected);
  });

  test.each([{ name: null }, { name: "" }, { email: null }, { email: "alice" }, null, "x", 5])(
    "may not be %j",
    (sent) => {
      expect(Value.Check(userChange, sent)).toBe(false);
    },
  );
});

test("a user that is shown has these fields and no others", () => {
  expect(Value.Check(user, stored)).toBe(true);
  expect(Value.Check(user, { ...stored, password: "secret" })).toBe(false);
});
