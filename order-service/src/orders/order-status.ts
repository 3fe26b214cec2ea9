// The life of an order: a state machine.
import { commaList } from "@platform/shared/schema/comma-list";
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

export type OrderStatus = typeof orderStatus.static;

/** All statuses, in the order of an order's life. */
export const orderStatuses: readonly OrderStatus[] = orderStatus.anyOf.map(
  ({ const: status }) => status,
);

/** The statuses in a list with commas, each once, in the order of an order's life. */
export function splitStatuses(list: string): OrderStatus[] {
  const named = new Set(list.split(","));
  return orderStatuses.filter((status) => named.has(status));
}

/** The schema of one or more statuses in a query, separated by commas. Repeats are harmless. */
export const statusList = commaList(orderStatus, {
  maxItems: 100,
  rule: `one or more of ${orderStatuses.join(", ")}, separated by commas without blanks`,
  description: "Only those in one of these statuses",
});

/** The statuses that may follow each status. */
const transitions: Record<OrderStatus, readonly OrderStatus[]> = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["shipped", "cancelled"],
  shipped: ["delivered"],
  delivered: [],
  cancelled: [],
};

/** Whether an order may go from one status to another. It may stay, so a client can repeat a request. */
export function canTransition(from: OrderStatus, to: OrderStatus): boolean {
  return from === to || transitions[from].includes(to);
}
