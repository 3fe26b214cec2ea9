// Pages of orders in SQLite. docs/decisions/queries-and-indexes.md says what each statement costs.
import type { Database } from "bun:sqlite";
import { idRange, type IdRange } from "@platform/shared/core/id-range";
import { lazyStatements } from "@platform/shared/sqlite/lazy-statements";
import type { OrderRow } from "./order-row.ts";
import { orderStatuses, type OrderStatus } from "./order-status.ts";
import type { OrderQuery } from "./order-store.ts";

const columns = "id, user_id, total_cents, status, created_at, updated_at";

const ofAll = `
  SELECT ${columns}
  FROM orders
  WHERE id > $above AND id < $below`;

const inStatus = (status: OrderStatus) => `
  SELECT ${columns}
  FROM orders INDEXED BY orders_by_status
  WHERE status = '${status}' AND id > $above AND id < $below`;

// INDEXED BY: with two bounds on the id, SQLite would take the index that begins with the status, and
// read the orders of all users.
const ofUserInStatus = (status: OrderStatus) => `
  SELECT ${columns}
  FROM orders INDEXED BY orders_by_user_and_status
  WHERE user_id = +$userId AND status = '${status}' AND id > $above AND id < $below`;

/**
 * Selects the orders of a page. SQLite merges the selects, each in the order of its index, and sorts nothing.
 * +$limit: SQLite plans a statement anew for each run if its limit is a bare parameter.
 */
function listSql({ userId, statuses, sort }: OrderQuery): string {
  const selects =
    userId !== undefined
      ? (statuses ?? orderStatuses).map(ofUserInStatus)
      : (statuses?.map(inStatus) ?? [ofAll]);
  const direction = sort === "-created_at" ? "DESC" : "ASC";
  return `${selects.join(" UNION ALL ")} ORDER BY id ${direction} LIMIT +$limit`;
}

/** Makes the function that reads the rows of a page and, if there is one, the row after them. */
export function sqliteOrderList(db: Database): (query: OrderQuery) => OrderRow[] {
  type Parameters = IdRange & { limit: number; userId: string | null };
  const rows = lazyStatements<OrderRow, Parameters>(db);
  const sqlByKey = new Map<string, string>();

  return (query) => {
    const { userId = null, statuses, sort, after, limit } = query;
    const key = `${userId !== null} ${statuses?.join()} ${sort}`;
    let sql = sqlByKey.get(key);
    if (sql === undefined) sqlByKey.set(key, (sql = listSql(query)));
    const from = after && { id: after.id, isDescending: sort === "-created_at" };
    return rows(sql).all({ userId, ...idRange(query, from), limit: limit + 1 });
  };
}
