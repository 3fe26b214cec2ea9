// What the service needs of its storage, whatever database is behind it.
import type { Page } from "@platform/shared/core/page";
import type { Precondition } from "@platform/shared/core/precondition";
import type { Claim, IdempotencyKeys } from "../idempotency/claim.ts";
import type { OrderStatus } from "./order-status.ts";
import type { Order, OrderDraft } from "./order.ts";

/** Which orders to list, oldest first. */
export interface OrderQuery {
  /** Only this user's orders; undefined: of all users. */
  readonly userId: string | undefined;
  /** Only orders in this status; undefined: in any. */
  readonly status: OrderStatus | undefined;
  /** Only orders after the one with this id (exclusive); undefined: from the first order on. */
  readonly after: string | undefined;
  /** The most orders to return, at least 1. */
  readonly limit: number;
}

/**
 * Stored orders, and the idempotency keys of the requests that placed them. Every method may reject
 * with StorageUnavailable.
 */
export interface OrderStore extends IdempotencyKeys<Order> {
  /** Stores a new order and, in the same transaction, that it completes the claim. @throws ClaimLost */
  place(draft: OrderDraft, claim?: Claim): Promise<Order>;
  find(id: string): Promise<Order | undefined>;
  /** A page of large orders may end before its limit although more follow. */
  list(query: OrderQuery): Promise<Page<Order>>;
  /** Changes an order's status. @throws OrderNotFound, PreconditionFailed, StatusConflict */
  setStatus(id: string, status: OrderStatus, precondition: Precondition): Promise<Order>;
}
