// Text from outside: trimmed, in Unicode Normalization Form C, without control characters.
import type { TUnsafe } from "@sinclair/typebox";
import { customType } from "./custom-type.ts";

// C0, DEL and C1. White space among them (tab, line feed) is trimmed away at either end.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Normalises text: outer white space removed, NFC.
 *
 * @returns undefined if it holds a control character or a lone surrogate, or is longer than
 * `maxUnits` UTF-16 units once trimmed: normalising 40,000 combining marks takes seconds, so length
 * is bounded before.
 */
function normaliseText(raw: string, maxUnits: number): string | undefined {
  const trimmed = raw.trim();
  if (trimmed.length > maxUnits || controlCharacter.test(trimmed) || !trimmed.isWellFormed()) {
    return undefined;
  }
  return trimmed.normalize("NFC");
}

/** The number of Unicode code points in well-formed text. */
function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

interface Bounds {
  /** Code points after normalisation. */
  minLength: number;
  /** Code points after normalisation. */
  maxLength: number;
}

/** NFC can shorten text: up to this many UTF-16 units make one code point (U+16126). */
const maxUnitsPerCodePoint = 6;

/**
 * Text trimmed and in NFC, or undefined if it is not within the bounds or has characters that no
 * text should have.
 */
export function parseText(raw: string, { minLength, maxLength }: Bounds): string | undefined {
  const value = normaliseText(raw, maxLength * maxUnitsPerCodePoint);
  if (value === undefined) return undefined;
  // Between one and two UTF-16 units make a code point: count only where that leaves a doubt.
  if (value.length <= maxLength && value.length >= 2 * minLength) return value;
  const length = codePoints(value);
  return length >= minLength && length <= maxLength ? value : undefined;
}

const textType = customType<string>("Text", {
  check: (value, schema) =>
    typeof value === "string" &&
    parseText(value, { minLength: schema.minLength, maxLength: schema.maxLength }) !== undefined,
  rule: ({ minLength, maxLength }) =>
    `text of ${minLength} to ${maxLength} characters without control characters`,
});

/** The schema of text whose length is counted in code points after trimming and NFC. */
export function text(bounds: Bounds, keywords: Record<string, unknown> = {}): TUnsafe<string> {
  return textType({ type: "string", ...bounds, ...keywords });
}
