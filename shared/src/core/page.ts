// One page of a list, as every storage returns it.

/** The items of a page in their order. */
export interface Page<T> {
  readonly items: T[];
  /** The last item, after which the next page begins (exclusive); undefined on the last page. */
  readonly nextAfter: T | undefined;
}

/** Makes a page of `limit` rows from `limit + 1`: the last of these shows that a page follows. */
export function toPage<T>(rows: T[], limit: number): Page<T> {
  const hasMore = rows.length > limit;
  const items = hasMore ? rows.slice(0, limit) : rows;
  return { items, nextAfter: hasMore ? items.at(-1) : undefined };
}
