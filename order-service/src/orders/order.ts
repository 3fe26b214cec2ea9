// What an order is, and what clients can ask of one.
import { requestObject } from "@platform/shared/schema/request-object";
import { text } from "@platform/shared/schema/text";
import { timestamp } from "@platform/shared/schema/timestamp";
import { uuid } from "@platform/shared/schema/uuid";
import { Type } from "@sinclair/typebox";
import { amount, fromCents, toCents, unitPrice } from "./money.ts";
import { orderStatus, type OrderStatus } from "./order-status.ts";

const sku = text({ minLength: 1, maxLength: 50 }, { examples: ["KB-87"] });
const quantity = Type.Integer({ minimum: 1, maximum: 1000, examples: [2] });
const item = { sku, quantity, unit_price: unitPrice };
const itemCount = { minItems: 1, maxItems: 100 };
const closed = { additionalProperties: false };

/** An order in responses. */
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

export type Order = typeof order.static;

/** The body that places an order. */
export const newOrder = requestObject({
  user_id: uuid,
  items: Type.Array(requestObject(item), itemCount),
});

export type NewOrder = typeof newOrder.static;

/** The body that moves an order to another status. */
export const statusChange = requestObject({ status: orderStatus });

/** An item of an order inside the service: its price in whole cents. */
export type OrderLine = {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
};

/** An order that a client asks for. Requests with equal normal forms have equal drafts. */
export interface OrderDraft {
  readonly userId: string;
  readonly lines: readonly OrderLine[];
}

/** The draft in the body of a request. */
export function draftOrder({ user_id, items }: NewOrder): OrderDraft {
  return {
    userId: user_id,
    lines: items.map(({ sku, quantity, unit_price }) => ({
      sku,
      quantity,
      unitPriceCents: toCents(unit_price),
    })),
  };
}

/** The total of an order: at most 10^13 cents, where doubles are still exact. */
export function totalCents(lines: readonly OrderLine[]): number {
  let total = 0;
  for (const { quantity, unitPriceCents } of lines) total += quantity * unitPriceCents;
  return total;
}

/** An item in responses. */
export function toItem({ sku, quantity, unitPriceCents }: OrderLine): Order["items"][number] {
  return { sku, quantity, unit_price: fromCents(unitPriceCents) };
}

/** An order as it was when it was placed, before any change of its status. */
export function asPlaced(order: Order): Order {
  return { ...order, status: "pending", updated_at: order.created_at };
}

/** No order has the id. */
export class OrderNotFound extends Error {
  override readonly name = "OrderNotFound";
}

/** An order cannot go from its current status to the one that the client asked for. */
export class StatusConflict extends Error {
  override readonly name = "StatusConflict";

  constructor(
    readonly from: OrderStatus,
    readonly to: OrderStatus,
  ) {
    super(`Order cannot go from ${from} to ${to}`);
  }
}
