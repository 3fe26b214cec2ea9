import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { uuid } from "../../src/schema/uuid.ts";

describe("a UUID", () => {
  test.each([
    "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
    "01936F5E-8A3C-7C4E-9D2B-6F1A0E5C7B42",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "00000000-0000-0000-0000-000000000000",
  ])("may be %s", (id) => {
    expect(Value.Check(uuid, id)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["without hyphens", "01936f5e8a3c7c4e9d2b6f1a0e5c7b42"],
    ["a URN", "urn:uuid:01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["in braces", "{01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42}"],
    ["too short", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b4"],
    ["with a letter beyond f", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b4g"],
    ["hyphenated elsewhere", "01936f5e8-a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["followed by a line feed", "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42\n"],
    ["a number", 5],
    ["nothing", undefined],
  ])("is not %s", (_, id) => {
    expect(Value.Check(uuid, id)).toBe(false);
  });
});
