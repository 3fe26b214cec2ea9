// One page of a list, as every store returns it.

/** The items of a page in their order. */
export interface Page<T, Position = T> {
  readonly items: T[];
  /** The position after which the next page begins (exclusive); undefined on the last page. */
  readonly nextAfter: Position | undefined;
}

/**
 * Makes a page of at most `limit` rows. A query reads up to `limit + 1`: the extra row is not in the
 * page and shows that another page follows.
 */
export function toPage<T>(rows: T[], limit: number): Page<T> {
  const hasMore = rows.length > limit;
  const items = hasMore ? rows.slice(0, limit) : rows;
  return { items, nextAfter: hasMore ? items.at(-1) : undefined };
}
