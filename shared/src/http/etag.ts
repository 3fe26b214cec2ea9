// Entity tags and the preconditions made of them (RFC 9110, sections 8.8.3 and 13).
import { Type } from "@sinclair/typebox";
import {
  PreconditionFailed,
  type Precondition,
  type UnmetReason,
  type Versioned,
} from "../core/precondition.ts";
import { customType } from "../schema/custom-type.ts";
import { fromTimestamp } from "../schema/timestamp.ts";
import { HttpProblem } from "./problem.ts";

/** The strong entity tag of a resource's current state. */
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
    // A sticky pattern that does not match starts again from 0.
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
export const conditionalHeaders = Type.Object(
  { "if-match": Type.Optional(ifMatch), "if-none-match": Type.Optional(Type.String()) },
  { additionalProperties: true },
);

/**
 * The precondition of a request that changes a resource. RFC 9110: `If-Match` compares strongly
 * (13.1.1); a state that `If-None-Match` names refuses the change too (13.1.2).
 */
export function parsePrecondition(headers: typeof conditionalHeaders.static): Precondition {
  const wanted = headers["if-match"];
  const tags = wanted === undefined ? "*" : parseTags(wanted);
  const unwanted = headers["if-none-match"] ?? null;
  return (resource) => {
    const current = entityTag(resource);
    if (tags !== "*" && !tags?.some(({ weak, opaque }) => !weak && opaque === current)) {
      const hasWeakTag = tags?.some(({ weak }) => weak) === true;
      return new PreconditionFailed(hasWeakTag ? "weak-tag" : "changed");
    }
    return matchesIfNoneMatch(unwanted, current) ? new PreconditionFailed("excluded") : undefined;
  };
}

const weakTag = new HttpProblem(
  412,
  "weak-tag",
  "If-Match has weak tags (W/), which never match, and no strong tag that matches. A proxy that " +
    "compresses responses makes tags weak: send the tag without W/, or switch compression off there",
);

const excludedState = new HttpProblem(
  412,
  "precondition-failed",
  "If-None-Match excludes the present state",
);

/**
 * The problem for each reason why a precondition fails.
 *
 * @param hasChanged the detail where the resource has changed, such as `User has changed`
 */
export function preconditionProblems(hasChanged: string) {
  return {
    changed: new HttpProblem(412, "precondition-failed", hasChanged),
    "weak-tag": weakTag,
    excluded: excludedState,
  } satisfies Record<UnmetReason, HttpProblem>;
}

/**
 * Whether an `If-None-Match` field names the current tag, so that the response is 304. RFC 9110,
 * 13.1.2: tags compare weakly. A malformed field is ignored.
 */
export function matchesIfNoneMatch(field: string | null, current: string): boolean {
  const tags = field === null ? undefined : parseTags(field);
  return tags === "*" || tags?.some(({ opaque }) => opaque === current) === true;
}

/** The part of Elysia's `set` that a response with an entity tag needs. */
export interface ResponseFields {
  readonly headers: { etag?: string | undefined };
  status?: number | string;
}

/** Puts the resource's entity tag into the response. @returns the resource, as the body */
export function withEntityTag<T extends Versioned>(set: ResponseFields, resource: T): T {
  set.headers.etag = entityTag(resource);
  return resource;
}

/**
 * The body of the response to a GET: the resource, or nothing and 304 if the client has its current
 * state. The response carries the entity tag in both cases.
 */
export function unlessNotModified<T extends Versioned>(
  request: Request,
  set: ResponseFields,
  resource: T,
): T | undefined {
  const current = entityTag(resource);
  set.headers.etag = current;
  if (!matchesIfNoneMatch(request.headers.get("if-none-match"), current)) return resource;
  set.status = 304;
  return undefined;
}
