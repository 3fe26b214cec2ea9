// What the service needs of its storage, whatever database is behind it.
import type { CreationRange } from "@platform/shared/core/id-range";
import type { Page } from "@platform/shared/core/page";
import type { Precondition } from "@platform/shared/core/precondition";
import type { Claim, IdempotencyKeys } from "@platform/shared/idempotency/claim";
import type { OrderStatus } from "./order-status.ts";
import type { Order, OrderDraft } from "./order.ts";

/** The orders of the list: by creation time, then by id; a minus means the exact reverse. */
export const orderSorts = ["created_at", "-created_at"] as const;

export type OrderSort = (typeof orderSorts)[number];

/** A position in the list of orders. The order itself may be gone by now. */
export type OrderPosition = Pick<Order, "id">;

/** The position of an order, without the rest of it: a cursor holds nothing else of it. */
export const positionOf = ({ id }: OrderPosition): OrderPosition => ({ id });

/** The most items of all orders in a page: about a megabyte, which occupies the event loop for some 20 ms. */
export const maxItemsInPage = 10_000;

/** Which orders to list. */
export interface OrderQuery extends CreationRange {
  /** Only this user's orders; undefined: of all users. */
  readonly userId?: string | undefined;
  /** Only orders in one of these statuses, each named once; undefined: in any. */
  readonly statuses?: readonly OrderStatus[] | undefined;
  readonly sort: OrderSort;
  /** Only orders behind this position (exclusive); undefined: from the start. */
  readonly after?: OrderPosition | undefined;
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
  /** A page of large orders may end before its limit although more follow: at {@link maxItemsInPage}. */
  list(query: OrderQuery): Promise<Page<Order, OrderPosition>>;
  /** Changes an order's status. @throws OrderNotFound, PreconditionFailed, StatusConflict */
  setStatus(id: string, status: OrderStatus, precondition: Precondition): Promise<Order>;
}
