// Ranges of identifiers. A UUIDv7 begins with the time at which it was made, so a range of creation times
// is a range of identifiers, and a primary key is the only index that either needs.

/** Bounds on creation times, in milliseconds since 1970; both exclusive. */
export interface CreationRange {
  /** Default: no bound. */
  readonly createdAfter?: number | undefined;
  /** Default: no bound. */
  readonly createdBefore?: number | undefined;
}

/**
 * Bounds on identifiers in lower case, both exclusive. Each bound is a UUID too, because PostgreSQL compares
 * a `uuid` with nothing else.
 */
export type IdRange = {
  readonly above: string;
  readonly below: string;
};

// RFC 9562, 5.9 and 5.10: the Nil UUID and the Max UUID, which have no version.
const beforeAllIds = "00000000-0000-0000-0000-000000000000";
const afterAllIds = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** Sorts after all identifiers that were made before this time, and before all others. */
function startOf(milliseconds: number): string {
  // Identifiers have no time before 1970.
  const hex = Math.max(0, milliseconds).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * The identifiers, made by `uuidSequence`, of what was created in a range, as far as a page that starts
 * behind an identifier may have them.
 *
 * @param from the identifier, and whether the list has the newest first; undefined: a page of all
 */
export function idRange(
  { createdAfter, createdBefore }: CreationRange,
  from?: { readonly id: string; readonly isDescending: boolean },
): IdRange {
  const above = createdAfter === undefined ? beforeAllIds : startOf(createdAfter + 1);
  const below = createdBefore === undefined ? afterAllIds : startOf(createdBefore);
  if (from === undefined) return { above, below };
  return from.isDescending
    ? { above, below: from.id < below ? from.id : below }
    : { above: from.id > above ? from.id : above, below };
}
