// Placing an order: for a user that exists, and at most once for each idempotency key.
import { ClaimLost } from "@platform/shared/idempotency/claim";
import type { UserCheck, UserDirectory } from "../user-service/user-directory.ts";
import { fingerprintOf } from "./order-fingerprint.ts";
import type { OrderStore } from "./order-store.ts";
import { asPlaced, type Order, type OrderDraft } from "./order.ts";

/** Why an order was not placed, where the client or user-service is the cause. */
export type RefusalReason =
  | `user-${Exclude<UserCheck, "exists">}`
  | "key-in-progress"
  | "key-reused";

/** Thrown where an order was not placed; nothing of it is stored. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";

  constructor(readonly reason: RefusalReason) {
    super(reason);
  }
}

/** The order of a request, placed by it or by an earlier one with the same key. */
export interface Placement {
  /** The order as it was placed. */
  readonly original: Order;
  /** The order as it is now. */
  readonly current: Order;
  /** Whether an earlier request with the same key placed it. */
  readonly isReplay: boolean;
}

/** How long a refused request waits for its key's release before its response is sent. */
const maxReleaseMs = 200;

/**
 * Places an order.
 *
 * @param key the request's idempotency key, if it has one
 * @throws OrderRefused, StorageUnavailable
 */
export async function placeOrder(
  { orders, users }: { orders: OrderStore; users: UserDirectory },
  draft: OrderDraft,
  key: string | undefined,
): Promise<Placement> {
  const result = key === undefined ? undefined : await orders.claim(key, fingerprintOf(draft));
  if (result?.outcome === "in-progress") throw new OrderRefused("key-in-progress");
  if (result?.outcome === "reused") throw new OrderRefused("key-reused");
  if (result?.outcome === "completed") {
    return { original: asPlaced(result.result), current: result.result, isReplay: true };
  }

  const claim = result?.claim;
  try {
    const check = await users.check(draft.userId);
    if (check !== "exists") throw new OrderRefused(`user-${check}`);
    const original = await orders.place(draft, claim);
    return { original, current: original, isReplay: false };
  } catch (error) {
    if (claim === undefined) throw error;
    if (error instanceof ClaimLost) throw new OrderRefused("key-in-progress");
    // Lets the client retry with the same key at once. If the release fails, the claim lapses by itself.
    const released = orders.release(claim).catch(() => undefined);
    await Promise.race([released, Bun.sleep(maxReleaseMs)]);
    throw error;
  }
}
