import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { normalForm } from "../../src/schema/custom-type.ts";
import { text } from "../../src/schema/text.ts";

const bounds = { minLength: 1, maxLength: 10 };

/** The normal form of text within bounds; undefined if the schema refuses it. */
function parse(raw: string, { minLength, maxLength } = bounds): unknown {
  const schema = text({ minLength, maxLength });
  return Value.Check(schema, raw) ? normalForm(schema, raw) : undefined;
}

/** Runs `work` with every control character: C0, DEL and C1. */
function forControlCharacters(work: (character: string) => void): void {
  for (let code = 0; code < 0x20; code += 1) work(String.fromCharCode(code));
  for (let code = 0x7f; code < 0xa0; code += 1) work(String.fromCharCode(code));
}

describe("normal form", () => {
  test.each([
    ["outer white space goes", " \t\r\n\u00a0\u2003\ufeffa b\u2028\u3000 ", "a b"],
    ["inner white space stays", "a \u00a0 b", "a \u00a0 b"],
    ["accents are composed", "e\u0301", "\u00e9"],
    ["marks are brought into order", "a\u0301\u0323", "\u1ea1\u0301"],
    ["look-alikes become one", "\u212b", "\u00c5"],
    ["compatibility forms stay", "\ufb01", "\ufb01"],
    ["emoji stay", "👩‍👩‍👧", "👩‍👩‍👧"],
  ])("%s", (_, raw, expected) => {
    expect(parse(raw)).toBe(expected);
    expect(parse(expected)).toBe(expected);
  });

  test("whatever way a character is spelled, it is one character", () => {
    const one = { minLength: 1, maxLength: 1 };
    for (let code = 0xa0; code <= 0x10ffff; code += 1) {
      if (code === 0xd800) code = 0xe000;
      const character = String.fromCodePoint(code);
      const spelled = character.normalize("NFD");
      if (spelled === character || character.normalize("NFC") !== character) continue;
      if (parse(spelled, one) !== character) throw new Error(`U+${code.toString(16)}`);
    }
  });
});

describe("characters that no text has", () => {
  test("a control character inside is refused", () => {
    forControlCharacters((character) => expect(parse(`a${character}b`)).toBeUndefined());
  });

  test("a control character at an end is trimmed if it is white space, else refused", () => {
    forControlCharacters((character) => {
      const expected = "\t\n\v\f\r".includes(character) ? "a" : undefined;
      expect(parse(`${character}a`)).toBe(expected);
      expect(parse(`a${character}`)).toBe(expected);
    });
  });

  test.each(["\ud800", "\udc00", "a\ud83d", "\ude00\ud83d"])("half of %j is refused", (raw) => {
    expect(parse(raw)).toBeUndefined();
  });
});

describe("length", () => {
  test.each([
    ["nothing", "", false],
    ["blanks alone", " \u3000\t", false],
    ["one letter", "a", true],
    ["one emoji", "😀", true],
    ["the longest", "x".repeat(10), true],
    ["one too many", "x".repeat(11), false],
    ["the longest in emoji", "😀".repeat(10), true],
    ["one emoji too many", "😀".repeat(11), false],
    ["the longest, decomposed", "e\u0301".repeat(10), true],
    ["the longest between blanks", `   ${"x".repeat(10)}   `, true],
    ["what grows when it is normalised", "\ufb2c".repeat(4), false],
  ])("is counted in characters of the normal form: %s", (_, raw, isText) => {
    expect(parse(raw) !== undefined).toBe(isText);
  });

  test("has a minimum, counted in the same way", () => {
    const texts = ["a", "ab", "😀", "😀😀", "e\u0301"];
    const isText = (raw: string) => parse(raw, { minLength: 2, maxLength: 3 }) !== undefined;
    expect(texts.filter(isText)).toEqual(["ab", "😀😀"]);
  });

  test("a megabyte of unsorted combining marks is refused at once", () => {
    expect(parse("a" + "\u0301\u0323".repeat(500_000))).toBeUndefined();
  }, 500);
});

test("the API document tells the length in characters, as JSON Schema counts", () => {
  const schema = text(bounds, { examples: ["Alice"] });
  const documented: unknown = JSON.parse(JSON.stringify(schema));
  expect(documented).toEqual({ type: "string", minLength: 1, maxLength: 10, examples: ["Alice"] });
  expect(Value.Check(schema, " 😀 ")).toBe(true);
  for (const wrong of ["", "x".repeat(11), "a\u0000b", 5, null, undefined, ["a"]]) {
    expect(Value.Check(schema, wrong)).toBe(false);
  }
});
