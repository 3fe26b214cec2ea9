// Placing an order: for a user that exists, and for one key at most once.
import { fingerprintOf } from "../idempotency/idempotency-key.ts";
import { ClaimLost, type OrderStore } from "./order-store.ts";
import { asPlaced, type Order, type OrderDraft } from "./order.ts";
import type { UserDirectory } from "../user-service/user-directory.ts";

/** Why an order was not placed, as far as it is the caller's or the neighbour's doing. */
export type RefusalReason =
  | "user unknown"
  | "user check unavailable"
  | "user check failed"
  | "key at work"
  | "key of another order";

/** Thrown where an order was not placed; nothing of it is stored. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";

  constructor(readonly reason: RefusalReason) {
    super(reason);
  }
}

/** An order, and whether it had been placed by an earlier request with the same key. */
export interface Placement {
  /** As it was when it was placed. */
  readonly original: Order;
  /** As it is now. */
  readonly current: Order;
  readonly isReplay: boolean;
}

/** How long an answer waits for its key to be given back. */
const maxReleaseMs = 200;

/** What placing an order needs. */
interface PlacementParts {
  readonly orders: OrderStore;
  readonly users: UserDirectory;
}

async function ensureUser(users: UserDirectory, id: string): Promise<void> {
  const answer = await users.check(id);
  switch (answer) {
    case "exists":
      return;
    case "unknown":
      throw new OrderRefused("user unknown");
    case "unavailable":
      throw new OrderRefused("user check unavailable");
    case "failed":
      throw new OrderRefused("user check failed");
  }
}

/** Places an order. @throws OrderRefused, StorageUnavailable */
export async function placeOrder(
  { orders, users }: PlacementParts,
  draft: OrderDraft,
  key: string | undefined,
): Promise<Placement> {
  if (key === undefined) {
    await ensureUser(users, draft.userId);
    const original = await orders.place(draft);
    return { original, current: original, isReplay: false };
  }

  const answer = await orders.claim(key, fingerprintOf(draft));
  switch (answer.outcome) {
    case "placed":
      return { original: asPlaced(answer.order), current: answer.order, isReplay: true };
    case "at work":
      throw new OrderRefused("key at work");
    case "other order":
      throw new OrderRefused("key of another order");
    case "claimed":
  }

  try {
    await ensureUser(users, draft.userId);
    const original = await orders.place(draft, answer.claim);
    return { original, current: original, isReplay: false };
  } catch (error) {
    if (error instanceof ClaimLost) throw new OrderRefused("key at work");
    // So that the caller can try again at once. A key that cannot be given back now lapses by itself.
    const released = orders.release(answer.claim).catch(() => undefined);
    await Promise.race([released, Bun.sleep(maxReleaseMs)]);
    throw error;
  }
}
