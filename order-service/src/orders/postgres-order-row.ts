// An order as PostgreSQL stores it: with its items in one column.
import type { SQL } from "bun";
import type { OrderRow } from "./order-row.ts";
import type { OrderLine } from "./order.ts";

/** The items of an order in its row, in the order of the request. */
export type StoredItems = readonly {
  readonly sku: string;
  readonly quantity: number;
  readonly unit_price_cents: number;
}[];

/** A row with its items. */
export type WholeOrderRow = OrderRow & { readonly items: StoredItems };

/** The columns of an {@link OrderRow}. Bun.SQL makes a string of a bigint, and a number of a float8. */
export const orderColumns = (sql: SQL) => sql`
  id, user_id, total_cents::float8, status, created_at::float8, updated_at::float8`;

/** Items as their column has them. */
export function toStoredItems(lines: readonly OrderLine[]): StoredItems {
  return lines.map(({ sku, quantity, unitPriceCents }) => ({
    sku,
    quantity,
    unit_price_cents: unitPriceCents,
  }));
}

/** The items in their column. */
export function toLines(items: StoredItems): OrderLine[] {
  return items.map(({ sku, quantity, unit_price_cents }) => ({
    sku,
    quantity,
    unitPriceCents: unit_price_cents,
  }));
}
