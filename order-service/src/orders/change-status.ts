// The change of an order's status, whatever database has the order.
import type { Precondition, PreconditionFailed } from "@platform/shared/core/precondition";
import { timeOfChange } from "@platform/shared/core/time-of-change";
import { fromTimestamp, toTimestamp } from "@platform/shared/schema/timestamp";
import { canTransition, type OrderStatus } from "./order-status.ts";
import { StatusConflict, type Order } from "./order.ts";

/**
 * Works out what an order becomes.
 *
 * @param now milliseconds since 1970
 * @returns the order with the status, which is `current` if it has that already, or why it cannot have it
 */
export function changeStatus(
  current: Order,
  status: OrderStatus,
  precondition: Precondition,
  now: number,
): Order | PreconditionFailed | StatusConflict {
  const unmet = precondition(current);
  if (unmet !== undefined) return unmet;
  if (!canTransition(current.status, status)) return new StatusConflict(current.status, status);
  if (current.status === status) return current;
  const updatedAt = timeOfChange(fromTimestamp(current.updated_at), now);
  return { ...current, status, updated_at: toTimestamp(updatedAt) };
}
