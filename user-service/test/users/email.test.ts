import { describe, expect, test } from "bun:test";
import { normalForm } from "@platform/shared/schema/custom-type";
import { Value } from "@sinclair/typebox/value";
import { email } from "../../src/users/email.ts";

const label = (length: number) => "d".repeat(length);

describe("email", () => {
  test.each([
    ["alice@example.com", "alice@example.com"],
    ["a@b.c", "a@b.c"],
    [" \t\nalice@example.com\u00a0", "alice@example.com"],
    ["Alice.B@EXAMPLE.Com", "Alice.B@example.com"],
    ["o'hara+tag/x=1@mail.example.co.uk", "o'hara+tag/x=1@mail.example.co.uk"],
    ["!#$%&'*+/=?^_`{|}~.-@example.com", "!#$%&'*+/=?^_`{|}~.-@example.com"],
    [".a..b.@1.2", ".a..b.@1.2"],
    ["a@x--y.xn--bcher-kva.example", "a@x--y.xn--bcher-kva.example"],
    [`a@${label(63)}.com`, `a@${label(63)}.com`],
    [`${"a".repeat(242)}@example.com`, `${"a".repeat(242)}@example.com`],
  ])("reads %j as %j", (raw, stored) => {
    expect(normalForm(email, raw)).toBe(stored);
    expect(normalForm(email, stored)).toBe(stored);
    expect(Value.Check(email, raw)).toBe(true);
  });

  test.each([
    "",
    "alice",
    "@example.com",
    "alice@",
    "alice@localhost",
    "alice@.com",
    "alice@example.",
    "alice@example..com",
    "alice@-example.com",
    "alice@example-.com",
    "alice@exa_mple.com",
    "alice@example.com.",
    "alice@[127.0.0.1]",
    "alice@bücher.example",
    "älice@example.com",
    "al ice@example.com",
    '"al ice"@example.com',
    "alice@exam ple.com",
    "alice@@example.com",
    "alice@b@example.com",
    "alice(x)@example.com",
    "alice,bob@example.com",
    "alice@example.com\nbob@example.com",
    "alice\u0000@example.com",
    "\u0000alice@example.com",
    "Alice <alice@example.com>",
    "mailto:alice@example.com",
    `a@${label(64)}.com`,
    `${"a".repeat(243)}@example.com`,
  ])("rejects %j", (raw) => {
    expect(Value.Check(email, raw)).toBe(false);
  });

  test.each([5, null, undefined, {}])("rejects %j", (value) => {
    expect(Value.Check(email, value)).toBe(false);
  });
});

test.each([
  ["long", `${"a".repeat(1_000_000)}@example.com`],
  ["made of dots", `a@${"a.".repeat(125)}`],
  ["made of hyphens", `a@${`${"-".repeat(61)}.`.repeat(4)}`],
  ["made of labels", `a@${`${label(63)}.`.repeat(3)}-`],
  ["between many blanks", `${" ".repeat(500_000)}a b${" ".repeat(500_000)}`],
])(
  "email rejects at once what is %s",
  (_, raw) => {
    expect(Value.Check(email, raw)).toBe(false);
  },
  500,
);

test("the API document describes an address in plain JSON Schema", () => {
  const documented: unknown = JSON.parse(JSON.stringify(email));
  const examples = ["alice@example.com"];
  expect(documented).toEqual({ type: "string", format: "email", maxLength: 254, examples });
});
