// Entity tags and the preconditions made of them (RFC 9110, sections 8.8.3 and 13).
import { Type } from "@sinclair/typebox";
import { customType } from "../schema/custom-type.ts";
import { requestObject } from "../schema/request-object.ts";
import type { Precondition, Versioned } from "../core/precondition.ts";
import { fromTimestamp } from "../schema/timestamp.ts";

/** The strong entity tag of a resource's present state. */
export function entityTag({ updated_at }: Versioned): string {
  return `"${fromTimestamp(updated_at).toString(36)}"`;
}

// One element of a list, which may be empty (RFC 9110, 5.6.1), up to its comma or the end.
const listElement = /[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** `*`, or the tags of a list; undefined if the field is malformed. */
function parseTags(field: string): "*" | { weak: boolean; opaque: string }[] | undefined {
  if (field.trim() === "*") return "*";
  const tags: { weak: boolean; opaque: string }[] = [];
  listElement.lastIndex = 0;
  while (listElement.lastIndex < field.length) {
    const [, weak, opaque] = listElement.exec(field) ?? [];
    // A pattern that does not match starts anew from 0.
    if (listElement.lastIndex === 0) return undefined;
    if (opaque !== undefined) tags.push({ weak: weak !== undefined, opaque });
  }
  return tags.length > 0 ? tags : undefined;
}

const ifMatch = customType<string>("EntityTags", {
  check: (value) => typeof value === "string" && parseTags(value) !== undefined,
  rule: () => 'an entity tag such as "m2x8q1", a list of them, or *',
})({ type: "string", examples: ['"m2x8q1"'] });

/** The schema of the header fields of a request that changes a resource. */
export const conditionalHeaders = requestObject({
  "if-match": Type.Optional(ifMatch),
  "if-none-match": Type.Optional(Type.String()),
});

/** The fields of a request that say in which state a resource may be changed. */
interface Conditions {
  readonly "if-match"?: string | undefined;
  readonly "if-none-match"?: string | undefined;
}

/**
 * The precondition of a request that changes a resource. RFC 9110: `If-Match` compares strongly
 * (13.1.1), and a change that `If-None-Match` rules out is refused too (13.1.2).
 */
export function parsePrecondition(headers: Conditions): Precondition {
  const wanted = headers["if-match"];
  const tags = wanted === undefined ? "*" : parseTags(wanted);
  const unwanted = headers["if-none-match"] ?? null;
  return (current) => {
    const present = entityTag(current);
    const isWanted =
      tags === "*" || tags?.some(({ weak, opaque }) => !weak && opaque === present) === true;
    return isWanted && !matchesIfNoneMatch(unwanted, present);
  };
}

/**
 * Whether an `If-None-Match` field names the present tag, so that 304 is the answer. RFC 9110,
 * 13.1.2: compared weakly. A malformed field is ignored.
 */
export function matchesIfNoneMatch(field: string | null, present: string): boolean {
  if (field === null) return false;
  const tags = parseTags(field);
  if (tags === undefined) return false;
  return tags === "*" || tags.some(({ opaque }) => opaque === present);
}
