// Bodies that are almost JSON: damaged, in another encoding, or nested too deeply.
import * as fc from "fast-check";
import { jsonText } from "./json-texts.ts";

const garbage = String.raw`// /*x*/ ' , ] } [ { : NaN + 0 \ " undefined 01 .5 1. - tru`
  .split(" ")
  .concat("\u0000", "\ud800", "\u2028");

/** JSON text with a piece removed or inserted; some of it is still JSON. */
export const brokenText: fc.Arbitrary<string> = fc
  .tuple(
    jsonText,
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(3),
    fc.constantFrom("", ...garbage),
  )
  .map(([text, where, cut, added]) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + added + text.slice(at + cut);
  })
  .filter((text) => text !== "");

function utf32(text: string, isBigEndian: boolean): Buffer {
  const points = Array.from(text, (sign) => sign.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  points.forEach((point, n) =>
    isBigEndian ? bytes.writeUInt32BE(point, n * 4) : bytes.writeUInt32LE(point, n * 4),
  );
  return bytes;
}

const encoders: ((text: string) => Buffer)[] = [
  (text) => Buffer.from(text),
  (text) => Buffer.from(text, "latin1"),
  (text) => Buffer.from(text, "utf16le"),
  (text) => Buffer.from(text, "utf16le").swap16(),
  (text) => utf32(text, false),
  (text) => utf32(text, true),
  // A lone surrogate in three bytes, which UTF-8 forbids.
  (text) =>
    Buffer.concat([
      Buffer.from(`{"${text.length}":"`),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
];

/** JSON in several encodings, with and without a byte order mark. */
export const encodedText: fc.Arbitrary<Uint8Array> = fc
  .tuple(jsonText, fc.constantFrom("", "\ufeff"), fc.constantFrom(...encoders))
  .map(([text, mark, encode]) => encode(mark + text));

/** Nested arrays and objects, `depth` levels deep. */
export const nestedText: fc.Arbitrary<{ depth: number; text: string }> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 490, max: 510 })),
    fc.constantFrom<[string, string]>(
      ["[", "]"],
      ['{"a":', "}"],
      ['{"__proto__":', "}"],
      ['["]}",', "]"],
    ),
  )
  .map(([depth, [open, close]]) => ({
    depth,
    text: `${open.repeat(depth)}0${close.repeat(depth)}`,
  }));
