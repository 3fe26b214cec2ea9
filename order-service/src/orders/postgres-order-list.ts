// Pages of orders in PostgreSQL. docs/decisions/queries-and-indexes.md says what each statement costs.
import { toPage, type Page } from "@platform/shared/core/page";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { idRange } from "@platform/shared/schema/id-range";
import type { SQL } from "bun";
import { orderStatuses } from "./order-status.ts";
import type { OrderKey, OrderQuery } from "./order-store.ts";
import type { Order } from "./order.ts";
import { headColumns, toOrder, type OrderHead, type StoredItems } from "./postgres-order-row.ts";

/** The most items in a page: about a megabyte, which occupies the event loop for some 20 ms. */
const maxItems = 10_000;

type ListedRow = OrderHead & {
  /** Null where the page has {@link maxItems} already. */
  readonly items: StoredItems | null;
};

/** Makes the function that reads a page of orders. */
export function postgresOrderList({ read }: Pick<PostgresStorage, "read">) {
  return async (query: OrderQuery): Promise<Page<Order, OrderKey>> => {
    const { userId, statuses, sort, after, limit } = query;
    const isDescending = sort === "-created_at";
    const { above, below } = idRange(query, after && { id: after.id, isDescending });

    const page = (sql: SQL) => sql`
      id > ${above}::uuid AND id < ${below}::uuid
      ORDER BY id ${isDescending ? sql`DESC` : sql`ASC`}
      LIMIT ${limit + 1}::int`;

    // An index has the orders of one status by age: of a page from each, one page remains. None but
    // that page's orders are read from the table.
    const filtered = (sql: SQL) => sql`
      SELECT id
      FROM unnest(${[...(statuses ?? orderStatuses)]}::text[]) AS wanted (status)
      CROSS JOIN LATERAL (
        SELECT id
        FROM orders
        WHERE ${userId === undefined ? sql`TRUE` : sql`user_id = ${userId}::uuid`}
          AND status = wanted.status AND ${page(sql)}
      ) AS found
      ORDER BY id ${isDescending ? sql`DESC` : sql`ASC`}
      LIMIT ${limit + 1}::int`;

    const isFiltered = userId !== undefined || statuses !== undefined;
    const rows = await read<ListedRow>(
      (sql) => sql`
        SELECT ${headColumns(sql)},
          CASE WHEN sum(item_count) OVER (ORDER BY id ${isDescending ? sql`DESC` : sql`ASC`}
            ROWS UNBOUNDED PRECEDING) <= ${maxItems}::int THEN items END AS items
        FROM ${isFiltered ? sql`(${filtered(sql)}) AS page JOIN orders USING (id)` : sql`orders`}
        WHERE ${page(sql)}`,
    );
    const orders: Order[] = [];
    for (const { items, ...head } of rows) {
      if (items === null) break;
      orders.push(toOrder(head, items));
    }
    if (orders.length === rows.length) return toPage(orders, limit);
    return { items: orders.slice(0, limit), nextAfter: orders.slice(0, limit).at(-1) };
  };
}
