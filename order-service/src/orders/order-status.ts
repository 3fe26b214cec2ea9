// The life of an order.
import { Type } from "@sinclair/typebox";

/** The schema of an order's status. */
export const orderStatus = Type.Union(
  [
    Type.Literal("pending"),
    Type.Literal("confirmed"),
    Type.Literal("shipped"),
    Type.Literal("delivered"),
    Type.Literal("cancelled"),
  ],
  { examples: ["pending"] },
);

/** See {@link orderStatus}. */
export type OrderStatus = typeof orderStatus.static;

/** Every status that an order can have. */
export const orderStatuses: readonly OrderStatus[] = orderStatus.anyOf.map(
  ({ const: status }) => status,
);

/** The states that each state may be left for. */
const transitions: Record<OrderStatus, readonly OrderStatus[]> = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["shipped", "cancelled"],
  shipped: ["delivered"],
  delivered: [],
  cancelled: [],
};

/** Staying put is always allowed, so that a repeated request does no harm. */
export function canTransition(from: OrderStatus, to: OrderStatus): boolean {
  return from === to || transitions[from].includes(to);
}
