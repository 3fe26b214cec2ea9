// An order as both databases store it, without its items: SQLite has a table of them, PostgreSQL a column.
import { toTimestamp } from "@platform/shared/schema/timestamp";
import { fromCents } from "./money.ts";
import type { OrderStatus } from "./order-status.ts";
import { toItem, type Order, type OrderLine } from "./order.ts";

/** The columns of the table `orders` that both have. The times are milliseconds since 1970. */
export type OrderRow = {
  readonly id: string;
  readonly user_id: string;
  readonly total_cents: number;
  readonly status: OrderStatus;
  readonly created_at: number;
  readonly updated_at: number;
};

/** The order that a row and its items are. */
export function toOrder(row: OrderRow, lines: readonly OrderLine[]): Order {
  return {
    id: row.id,
    user_id: row.user_id,
    items: lines.map(toItem),
    total_amount: fromCents(row.total_cents),
    status: row.status,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}
