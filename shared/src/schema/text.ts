// Text from clients: trimmed, in Unicode Normalization Form C, without control characters.
import type { TUnsafe } from "@sinclair/typebox";
import { customType } from "./custom-type.ts";

// C0, DEL and C1. Tabs and line feeds at either end are trimmed before this is tested.
// oxlint-disable-next-line no-control-regex -- this pattern exists to find control characters
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** Bounds on the length of text, in Unicode code points after normalisation; both inclusive. */
interface Bounds {
  minLength: number;
  maxLength: number;
}

/** NFC can shorten text: it makes one code point of up to this many UTF-16 units (U+16126). */
const maxUnitsPerCodePoint = 6;

/** Whether the length of text is within the bounds, and each of its characters belongs into text. */
function isText(raw: string, { minLength, maxLength }: Bounds): boolean {
  const trimmed = raw.trim();
  // Checked before normalising, which takes seconds for 40,000 combining marks.
  if (trimmed.length > maxLength * maxUnitsPerCodePoint) return false;
  if (controlCharacter.test(trimmed) || !trimmed.isWellFormed()) return false;
  const normal = trimmed.normalize("NFC");
  // A code point has one or two UTF-16 units, so the number of units proves most lengths right, and only
  // the others need counting.
  if (normal.length <= maxLength && normal.length >= 2 * minLength) return true;
  let codePoints = 0;
  for (const _ of normal) codePoints += 1;
  return codePoints >= minLength && codePoints <= maxLength;
}

const textType = customType<string>("Text", {
  check: (value, { minLength, maxLength }) =>
    typeof value === "string" && isText(value, { minLength, maxLength }),
  normalise: (raw) => raw.trim().normalize("NFC"),
  rule: ({ minLength, maxLength }) =>
    `text of ${minLength} to ${maxLength} characters without control characters`,
});

/** The schema of text; `keywords` are further keywords of JSON Schema, such as `examples`. */
export function text(bounds: Bounds, keywords: Record<string, unknown> = {}): TUnsafe<string> {
  return textType({ type: "string", ...bounds, ...keywords });
}
