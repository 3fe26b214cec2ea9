// An order as PostgreSQL stores it.
import { toTimestamp } from "@platform/shared/schema/timestamp";
import type { SQL } from "bun";
import { fromCents } from "./money.ts";
import type { OrderStatus } from "./order-status.ts";
import { toItem, type Order, type OrderLine } from "./order.ts";

/** An order's row without its items. */
export interface OrderHead {
  readonly id: string;
  readonly user_id: string;
  readonly total_cents: number;
  readonly status: OrderStatus;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The items of an order in its row, in the order of the request. */
export type StoredItems = readonly {
  readonly sku: string;
  readonly quantity: number;
  readonly unit_price_cents: number;
}[];

export type OrderRow = OrderHead & { readonly items: StoredItems };

/** The columns of an {@link OrderHead}. Bun.SQL makes a string of a bigint, and a number of a float8. */
export const headColumns = (sql: SQL) => sql`
  id, user_id, total_cents::float8, status, created_at::float8, updated_at::float8`;

export function toStoredItems(lines: readonly OrderLine[]): StoredItems {
  return lines.map(({ sku, quantity, unitPriceCents }) => ({
    sku,
    quantity,
    unit_price_cents: unitPriceCents,
  }));
}

export function toOrder(head: OrderHead, items: StoredItems): Order {
  return {
    id: head.id,
    user_id: head.user_id,
    items: items.map(({ sku, quantity, unit_price_cents }) =>
      toItem({ sku, quantity, unitPriceCents: unit_price_cents }),
    ),
    total_amount: fromCents(head.total_cents),
    status: head.status,
    created_at: toTimestamp(head.created_at),
    updated_at: toTimestamp(head.updated_at),
  };
}
