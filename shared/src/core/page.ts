// One page of a list, as every store returns it.

/** The items of a page in their order. */
export interface Page<T, Position> {
  readonly items: T[];
  /** The position after which the next page begins (exclusive); undefined on the last page. */
  readonly nextAfter: Position | undefined;
}

/**
 * Makes a page of at most `limit` rows. A query reads up to `limit + 1`: the extra row is not in the
 * page and shows that another page follows.
 *
 * @param positionOf makes the position of a row: the members by which the list is sorted, and no others
 */
export function toPage<T, Position>(
  rows: T[],
  limit: number,
  positionOf: (row: T) => Position,
): Page<T, Position> {
  if (rows.length <= limit) return { items: rows, nextAfter: undefined };
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextAfter: last === undefined ? undefined : positionOf(last) };
}
