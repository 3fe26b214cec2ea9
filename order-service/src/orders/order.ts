// What an order is, and what can be asked of one.
import { requestObject } from "@platform/shared/schema/request-object";
import { promised } from "@platform/shared/core/result";
import { parseText, text } from "@platform/shared/schema/text";
import { timestamp } from "@platform/shared/schema/timestamp";
import { uuid } from "@platform/shared/schema/uuid";
import { Type } from "@sinclair/typebox";
import { amount, fromCents, toCents, unitPrice } from "./money.ts";
import { orderStatus, type OrderStatus } from "./order-status.ts";

const skuLength = { minLength: 1, maxLength: 50 };
const sku = text(skuLength, { examples: ["KB-87"] });
const quantity = Type.Integer({ minimum: 1, maximum: 1000, examples: [2] });
const item = { sku, quantity, unit_price: unitPrice };
const itemCount = { minItems: 1, maxItems: 100 };
const closed = { additionalProperties: false };

/** An order as everybody sees it. */
export const order = Type.Object(
  {
    id: uuid,
    user_id: uuid,
    items: Type.Array(Type.Object(item, closed), itemCount),
    total_amount: amount,
    status: orderStatus,
    created_at: timestamp,
    updated_at: timestamp,
  },
  { title: "Order", ...closed },
);

/** See {@link order}. */
export type Order = typeof order.static;

/** The body that places an order. */
export const newOrder = requestObject({
  user_id: uuid,
  items: Type.Array(requestObject(item), itemCount),
});

/** See {@link newOrder}. */
export type NewOrder = typeof newOrder.static;

/** The body that moves an order on. */
export const statusChange = requestObject({ status: orderStatus });

/** A line of an order as it is stored. */
export type OrderLine = {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
};

/** What somebody wants to order, in its normal form: equal wishes are equal drafts. */
export interface OrderDraft {
  readonly userId: string;
  readonly lines: readonly OrderLine[];
}

/** The draft in a checked body; unknown fields are left behind. */
export function draftOrder({ user_id, items }: NewOrder): OrderDraft {
  return {
    userId: user_id.toLowerCase(),
    lines: items.map(({ sku, quantity, unit_price }) => ({
      sku: promised(parseText(sku, skuLength)),
      quantity,
      unitPriceCents: promised(toCents(unit_price)),
    })),
  };
}

/** The sum of an order. At most 10^13 cents, far below where doubles stop being exact. */
export function totalCents(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, { quantity, unitPriceCents }) => sum + quantity * unitPriceCents, 0);
}

/** A line as everybody sees it. */
export function toItem({ sku, quantity, unitPriceCents }: OrderLine): Order["items"][number] {
  return { sku, quantity, unit_price: fromCents(unitPriceCents) };
}

/** An order as it was when it was placed, whatever became of it. */
export function asPlaced(order: Order): Order {
  return { ...order, status: "pending", updated_at: order.created_at };
}

/** Thrown where no order has the id. */
export class OrderNotFound extends Error {
  override readonly name = "OrderNotFound";
}

/** Thrown where an order's status cannot follow the one that it has. */
export class StatusConflict extends Error {
  override readonly name = "StatusConflict";

  constructor(
    readonly from: OrderStatus,
    readonly to: OrderStatus,
  ) {
    super(`Order cannot go from ${from} to ${to}`);
  }
}
