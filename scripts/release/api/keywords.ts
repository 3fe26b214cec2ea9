// What the change of one keyword of a schema does to the values that the schema allows.
import { isDeepStrictEqual } from "node:util";

/** A change of the values that are allowed. Both are true where some went and others came. */
export interface Effect {
  /** Values that were valid are not valid any more: this breaks the sender. */
  readonly isNarrower: boolean;
  /** Values are valid that were not valid before: this breaks the receiver. */
  readonly isWider: boolean;
  /** The change in words. */
  readonly text: string;
}

interface Keyword {
  /** What became of the values; undefined stands for a keyword that is absent. */
  readonly compare: (before: unknown, after: unknown) => Omit<Effect, "text"> & { text?: string };
  /** The values that remain if two schemas of one `allOf` have the keyword. */
  readonly intersect: (first: unknown, second: unknown) => unknown;
}

const show = (value: unknown): string => JSON.stringify(value) ?? "absent";

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const number = (value: unknown, absent: number): number =>
  typeof value === "number" ? value : absent;

const lowerBound: Keyword = {
  compare(before, after) {
    const [was, is] = [number(before, -Infinity), number(after, -Infinity)];
    return { isNarrower: is > was, isWider: is < was };
  },
  intersect: (first, second) => Math.max(Number(first), Number(second)),
};

const upperBound: Keyword = {
  compare(before, after) {
    const [was, is] = [number(before, Infinity), number(after, Infinity)];
    return { isNarrower: is < was, isWider: is > was };
  },
  intersect: (first, second) => Math.min(Number(first), Number(second)),
};

/** A list of which a value has to match one. */
const alternatives = (covers: (allowed: unknown, value: unknown) => boolean): Keyword => ({
  compare(before, after) {
    if (before === undefined || after === undefined) {
      return { isNarrower: after !== undefined, isWider: after === undefined };
    }
    const [was, is] = [list(before), list(after)];
    const lost = was.filter((value) => !is.some((allowed) => covers(allowed, value)));
    const added = is.filter((value) => !was.some((allowed) => covers(allowed, value)));
    const words = [
      ...(lost.length > 0 ? [`no longer has ${lost.map(show).join(", ")}`] : []),
      ...(added.length > 0 ? [`has ${added.map(show).join(", ")} now`] : []),
    ];
    return { isNarrower: lost.length > 0, isWider: added.length > 0, text: words.join(" and ") };
  },
  intersect: (first, second) =>
    list(first).filter((value) => list(second).some((allowed) => covers(allowed, value))),
});

/** Something that a value must be. No rule says which of two patterns allows more. */
const assertion: Keyword = {
  compare: (before, after) => ({
    isNarrower: after !== undefined && !isDeepStrictEqual(before, after),
    isWider: before !== undefined && !isDeepStrictEqual(before, after),
  }),
  intersect: (_, second) => second,
};

const keywords: Readonly<Record<string, Keyword>> = {
  type: alternatives(
    (allowed, value) => allowed === value || (allowed === "number" && value === "integer"),
  ),
  enum: alternatives(isDeepStrictEqual),
  minimum: lowerBound,
  exclusiveMinimum: lowerBound,
  minLength: lowerBound,
  minItems: lowerBound,
  minProperties: lowerBound,
  maximum: upperBound,
  exclusiveMaximum: upperBound,
  maxLength: upperBound,
  maxItems: upperBound,
  maxProperties: upperBound,
};

/** Keywords that allow and refuse no value. */
const annotations =
  /^(?:x-.*|title|summary|description|examples?|default|deprecated|externalDocs|readOnly|writeOnly|\$comment)$/;

/** Whether a keyword may differ without a difference for clients. */
export const isAnnotation = (keyword: string): boolean => annotations.test(keyword);

/** Compares the values that a keyword allows before and after; undefined if they are the same. */
export function keywordEffect(keyword: string, before: unknown, after: unknown) {
  // A keyword without a rule of its own is compared like `pattern`: each change of it breaks.
  const { isNarrower, isWider, text } = (keywords[keyword] ?? assertion).compare(before, after);
  if (!isNarrower && !isWider) return undefined;
  const words = text ?? `was ${show(before)}, is ${show(after)}`;
  return { isNarrower, isWider, text: `${keyword} ${words}` } satisfies Effect;
}

/** The value of a keyword that two schemas of one `allOf` have. */
export const intersection = (keyword: string, first: unknown, second: unknown): unknown =>
  (keywords[keyword] ?? assertion).intersect(first, second);
