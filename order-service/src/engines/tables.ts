// The tables of order-service, for copies from one engine to the other.
import { idempotencyKeys, secrets } from "@platform/shared/copy/common-tables";
import type { CopiedTable } from "@platform/shared/copy/table";

/** In an order in which every row can be stored. */
export const tables: readonly CopiedTable[] = [
  secrets,
  {
    name: "orders",
    key: "id",
    columns: {
      id: "uuid",
      user_id: "uuid",
      total_cents: "integer",
      status: "text",
      created_at: "integer",
      updated_at: "integer",
    },
    children: {
      name: "order_items",
      parent: "order_id",
      position: "position",
      columns: { sku: "text", quantity: "integer", unit_price_cents: "integer" },
      column: "items",
      countColumn: "item_count",
    },
  },
  idempotencyKeys("order_id"),
];
