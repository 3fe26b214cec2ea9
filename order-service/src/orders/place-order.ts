// Placing an order, for a user that exists.
import type { Claim } from "@platform/shared/idempotency/claim";
import type { UserCheck, UserDirectory } from "../user-service/user-directory.ts";
import type { OrderStore } from "./order-store.ts";
import type { Order, OrderDraft } from "./order.ts";

/** The result of a user check after which no order is placed. */
export type FailedCheck = Exclude<UserCheck, "exists">;

/** Thrown where an order was not placed; nothing of it is stored. */
export class UserCheckFailed extends Error {
  override readonly name = "UserCheckFailed";

  constructor(readonly check: FailedCheck) {
    super(`The user check says "${check}"`);
  }
}

/**
 * Places an order.
 *
 * @param claim the claim on the request's idempotency key, if it has one
 * @throws UserCheckFailed, ClaimLost, StorageUnavailable
 */
export async function placeOrder(
  { orders, users }: { orders: OrderStore; users: UserDirectory },
  draft: OrderDraft,
  claim: Claim | undefined,
): Promise<Order> {
  const check = await users.check(draft.userId);
  if (check !== "exists") throw new UserCheckFailed(check);
  return orders.place(draft, claim);
}
