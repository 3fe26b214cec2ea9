// Pages of orders in PostgreSQL. docs/decisions/queries-and-indexes.md says what each statement costs.
import { idRange } from "@platform/shared/core/id-range";
import { toPage, type Page } from "@platform/shared/core/page";
import { customPlan } from "@platform/shared/postgres/custom-plan";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import type { SQL } from "bun";
import { toOrder, type OrderRow } from "./order-row.ts";
import { orderStatuses } from "./order-status.ts";
import { maxItemsInPage, positionOf, type OrderPosition, type OrderQuery } from "./order-store.ts";
import type { Order } from "./order.ts";
import { orderColumns, toLines, type StoredItems } from "./postgres-order-row.ts";

type ListedRow = OrderRow & {
  /** Null where the page has {@link maxItemsInPage} already. */
  readonly items: StoredItems | null;
};

/** Makes the function that reads a page of orders. */
export function postgresOrderList({ read }: Pick<PostgresStorage, "read">) {
  return async (query: OrderQuery): Promise<Page<Order, OrderPosition>> => {
    const { userId, statuses, sort, after, limit } = query;
    const isDescending = sort === "-created_at";
    const { above, below } = idRange(query, after && { id: after.id, isDescending });

    const direction = (sql: SQL) => (isDescending ? sql`DESC` : sql`ASC`);
    const allOrders = (sql: SQL) => sql`
      orders
      WHERE ${customPlan(sql)} AND id > ${above}::uuid AND id < ${below}::uuid`;

    // Each index has the orders of one status by age: of a page from each, one page remains. Only that
    // page's orders are read from the table. The bounds are on the whole key of the index, because
    // PostgreSQL may think that orders with a condition on the status alone are few, and sort them.
    const filteredOrders = (sql: SQL) => {
      const user = userId === undefined ? sql`` : sql`user_id,`;
      const [low, high] = [above, below].map((bound) =>
        userId === undefined
          ? sql`(wanted.status, ${bound}::uuid)`
          : sql`(${userId}::uuid, wanted.status, ${bound}::uuid)`,
      );
      return sql`
        (
          SELECT id
          FROM unnest(${[...(statuses ?? orderStatuses)]}::text[]) AS wanted (status)
          CROSS JOIN LATERAL (
            SELECT id
            FROM orders
            WHERE (${user} status, id) > ${low} AND (${user} status, id) < ${high}
            ORDER BY ${userId === undefined ? sql`` : sql`user_id ${direction(sql)},`}
              status ${direction(sql)}, id ${direction(sql)}
            LIMIT ${limit + 1}::int
          ) AS found
          WHERE ${customPlan(sql)}
          ORDER BY id ${direction(sql)}
          LIMIT ${limit + 1}::int
        ) AS page
        JOIN orders USING (id)`;
    };

    const isFiltered = userId !== undefined || statuses !== undefined;
    const rows = await read<ListedRow>(
      (sql) => sql`
        SELECT ${orderColumns(sql)},
          CASE WHEN sum(item_count) OVER (ORDER BY id ${direction(sql)}
            ROWS UNBOUNDED PRECEDING) <= ${maxItemsInPage}::int THEN items END AS items
        FROM ${isFiltered ? filteredOrders(sql) : allOrders(sql)}
        ORDER BY id ${direction(sql)}
        LIMIT ${limit + 1}::int`,
    );
    const orders: Order[] = [];
    for (const { items, ...row } of rows) {
      if (items === null) break;
      orders.push(toOrder(row, toLines(items)));
    }
    const lastThatFits = orders.length < rows.length ? orders.at(-1) : undefined;
    const { items, nextAfter = lastThatFits && positionOf(lastThatFits) } = toPage(
      orders,
      limit,
      positionOf,
    );
    return { items, nextAfter };
  };
}
