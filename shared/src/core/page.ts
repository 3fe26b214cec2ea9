// One page of a list, as storages give it.

/** Items in their order, and the last of them if there are more behind it. */
export interface Page<T> {
  readonly items: T[];
  readonly nextAfter: T | undefined;
}

/** The page that a query for one row more than `limit` found. */
export function toPage<T>(rows: T[], limit: number): Page<T> {
  const hasMore = rows.length > limit;
  const items = hasMore ? rows.slice(0, limit) : rows;
  return { items, nextAfter: hasMore ? items.at(-1) : undefined };
}
